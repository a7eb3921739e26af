//! The driver's tasks as clients of a service.

use super::*;
use crate::abi::errno::*;
use crate::driver::{Answer, Request};
use model::VirtualTime;

fn ask(w: &mut World, task: u32, request: Request) -> Answer {
    w.k.driver_request(task, request);
    let id = ThreadId { service: ServiceId::DRIVER, tid: task };
    w.k.run_queue.push_back(id);
    loop {
        w.turn();
        if let Some(answer) = w.k.driver_answer(task) {
            return answer;
        }
        assert!(w.step(), "the task waits for ever");
    }
}
/// A task, which is not scheduled by the harness until it asks for something.
fn task(w: &mut World) -> u32 {
    let task = w.k.driver_spawn();
    w.k.run_queue.clear();
    task
}
fn connect(w: &mut World, task: u32, port: u16) -> Result<ObjectId, Errno> {
    let deadline = w.k.clock.now().after(VirtualDuration::secs(5));
    match ask(w, task, Request::Connect { to: ServiceId(1), port, deadline }) {
        Answer::Connected(result) => result,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_task_talks_to_a_service() {
    let mut w = World::new();
    let server = w.thread(1);
    let listener = w.server(server, "127.0.0.1:80", 5);
    let task = task(&mut w);
    let socket = connect(&mut w, task, 80).unwrap();
    let s = w.accept(server, listener);
    assert_eq!(w.name(server, "getpeername", s), Ok(inet("127.0.0.1:32768")), "the driver is a local client");

    let deadline = VirtualTime::NEVER;
    let bytes = vec![7; 500_000];
    w.k.driver_request(task, Request::Send { on: socket, bytes: bytes.clone(), deadline });
    w.k.run_queue.push_back(ThreadId { service: ServiceId::DRIVER, tid: task });
    let mut got = Vec::new();
    while got.len() < bytes.len() {
        got.extend(w.recv_with(server, s, 100_000, 0).unwrap());
    }
    assert!(got == bytes);
    w.settle();
    assert_eq!(w.k.driver_answer(task), Some(Answer::Sent(Ok(()))));

    w.send(server, s, b"answer");
    assert_eq!(ask(&mut w, task, Request::Receive { on: socket, deadline }), Answer::Received(Ok(b"answer".to_vec())));
    let soon = w.k.clock.now().after(VirtualDuration::secs(1));
    let answer = ask(&mut w, task, Request::Receive { on: socket, deadline: soon });
    assert_eq!(answer, Answer::Received(Err(ETIMEDOUT)));
    w.close(server, s);
    assert_eq!(ask(&mut w, task, Request::Receive { on: socket, deadline }), Answer::Received(Ok(vec![])));
    w.k.socket_close(socket);
    assert!(w.k.net.connections.is_empty());
}

#[test]
fn a_task_is_refused_and_times_out() {
    let mut w = World::new();
    let server = w.thread(1);
    let task = task(&mut w);
    assert_eq!(connect(&mut w, task, 80), Err(ECONNREFUSED));
    w.server(server, "10.0.0.2:80", 0);
    assert!(connect(&mut w, task, 80).is_ok(), "a listener on the host's address serves it too");
    let before = w.k.clock.now();
    assert_eq!(connect(&mut w, task, 80), Err(ETIMEDOUT), "the backlog is full");
    assert!(w.elapsed(before) >= VirtualDuration::secs(5));
}
