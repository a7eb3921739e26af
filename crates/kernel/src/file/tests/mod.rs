//! Tests of descriptors and readiness, through the system calls that programs make.

mod counters;
mod descriptors;
mod epoll;
mod lines;
mod locks;
mod model_check;
mod pipes;
mod poll;
mod transfers;
mod world;
