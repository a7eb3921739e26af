//! The format from outside: what is written is read back, what is broken is refused, what repeats is small.

mod damage;
mod fixture;
mod round_trip;
mod sample;
mod seeking;
mod size;
