//! A tokio service: TCP, timers, blocking work on threads of its own, tasks that are cancelled; and its own clients.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::{Instant, interval, sleep, timeout};

const CLIENTS: u64 = 20;
const LINES: u64 = 20;

/// Work that a task may not do.
fn digest(line: &str) -> u64 {
    (0..2000)
        .fold(0, |sum: u64, round| line.bytes().fold(sum ^ round, |s, b| s.wrapping_mul(31).wrapping_add(b.into())))
}

async fn serve(stream: TcpStream, served: Arc<AtomicU64>) -> io::Result<()> {
    let (from, mut to) = stream.into_split();
    let mut lines = BufReader::new(from).lines();
    while let Some(line) = lines.next_line().await? {
        if line == "silence" {
            sleep(Duration::from_secs(600)).await;
        }
        let sum = spawn_blocking(move || digest(&line)).await.map_err(io::Error::other)?;
        served.fetch_add(1, Ordering::Relaxed);
        to.write_all(format!("{sum}\n").as_bytes()).await?;
    }
    Ok(())
}

async fn client(address: std::net::SocketAddr, number: u64, sender: mpsc::Sender<bool>) -> io::Result<()> {
    let (from, mut to) = TcpStream::connect(address).await?.into_split();
    let mut lines = BufReader::new(from).lines();
    for i in 0..LINES {
        let line = format!("{number} {i}");
        to.write_all(format!("{line}\n").as_bytes()).await?;
        let answer = lines.next_line().await?.unwrap_or_default();
        let _ = sender.send(answer == digest(&line).to_string()).await;
    }
    Ok(())
}

#[tokio::main(worker_threads = 3)]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("localhost:0").await?;
    let address = listener.local_addr()?;
    let served = Arc::new(AtomicU64::new(0));
    let counter = Arc::clone(&served);
    let server = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&counter)));
        }
    });
    let (sender, mut receiver) = mpsc::channel(4);
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(client(address, number, sender.clone()));
    }
    drop(sender);
    let (mut right, mut wrong) = (0, 0);
    while let Some(same) = receiver.recv().await {
        if same { right += 1 } else { wrong += 1 }
    }
    while let Some(ended) = clients.join_next().await {
        ended.map_err(io::Error::other)??;
    }
    println!("served {}, right {right}, wrong {wrong}", served.load(Ordering::Relaxed));

    let start = Instant::now();
    let mut ticks = interval(Duration::from_secs(60));
    for _ in 0..=10 {
        ticks.tick().await;
    }
    println!("ten ticks in {} min", (start.elapsed().as_secs_f64() / 60.0).round());

    let (from, mut to) = TcpStream::connect(address).await?.into_split();
    to.write_all(b"silence\n").await?;
    let mut lines = BufReader::new(from).lines();
    println!("timed out: {}", timeout(Duration::from_secs(5), lines.next_line()).await.is_err());
    println!("answered: {}", timeout(Duration::from_secs(1000), lines.next_line()).await.is_ok());

    let slow = spawn_blocking(|| std::thread::sleep(Duration::from_secs(3)));
    let first = tokio::select! {
        _ = slow => "blocking work",
        () = sleep(Duration::from_secs(1)) => "timer",
    };
    println!("first: {first}");
    server.abort();
    println!("cancelled: {}", server.await.is_err_and(|e| e.is_cancelled()));
    println!("refused: {}", TcpStream::connect(address).await.is_err());
    Ok(())
}
