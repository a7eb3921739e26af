//! A TCP service of std alone: a thread for each connection, a shared counter, timeouts; and its own clients.

use std::io::{BufRead as _, BufReader, ErrorKind, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: usize = 8;
const LINES: usize = 50;

fn serve(stream: TcpStream, total: &Mutex<usize>) -> std::io::Result<()> {
    let mut to = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        let add: usize = line?.parse().unwrap_or(0);
        let sum = {
            let mut total = total.lock().expect("no panics");
            *total += add;
            *total
        };
        writeln!(to, "{sum}")?;
    }
    Ok(())
}

fn main() -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let total = Arc::new(Mutex::new(0));
    let shared = Arc::clone(&total);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let total = Arc::clone(&shared);
            thread::spawn(move || serve(stream, &total));
        }
    });
    let barrier = Arc::new(Barrier::new(CLIENTS));
    let (sender, receiver) = channel();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (barrier, sender) = (Arc::clone(&barrier), sender.clone());
            thread::spawn(move || -> std::io::Result<()> {
                let mut stream = TcpStream::connect(address)?;
                let mut answers = BufReader::new(stream.try_clone()?);
                barrier.wait();
                for i in 1..=LINES {
                    writeln!(stream, "{i}")?;
                    let mut line = String::new();
                    answers.read_line(&mut line)?;
                    sender.send(line.trim().parse::<usize>().unwrap_or(0)).expect("somebody listens");
                }
                Ok(())
            })
        })
        .collect();
    drop(sender);
    for client in clients {
        client.join().expect("no panics")?;
    }
    println!("answers {}, the largest {}", receiver.iter().count(), *total.lock().expect("no panics"));

    let mut silent = TcpStream::connect(address)?;
    silent.set_read_timeout(Some(Duration::from_secs(30)))?;
    let since = Instant::now();
    let kind = silent.read(&mut [0; 1]).expect_err("nothing was asked").kind();
    println!("{} after {} s", kind == ErrorKind::WouldBlock, since.elapsed().as_secs());

    let pair = Arc::new((Mutex::new(false), Condvar::new()));
    let other = Arc::clone(&pair);
    thread::spawn(move || {
        thread::sleep(Duration::from_secs(3600));
        *other.0.lock().expect("no panics") = true;
        other.1.notify_all();
    });
    let since = Instant::now();
    let guard = pair.0.lock().expect("no panics");
    drop(pair.1.wait_while(guard, |ready| !*ready).expect("no panics"));
    println!("told after {} min", since.elapsed().as_secs() / 60);
    println!("refused: {}", TcpStream::connect("127.0.0.1:1").expect_err("nobody listens").kind());
    Ok(())
}
