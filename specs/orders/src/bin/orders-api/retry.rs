//! Asking the database again, in a thread of its own.
//!
//! The order's id makes this safe: the database stores it once, however often it is asked.

use std::io;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use orders::line::Lost;
use orders::log;

use crate::SERVICE;
use crate::order::Order;
use crate::upstream::{AskError, Database};

/// How often an order is sent again after its first connection was lost.
const RETRIES_MAX: u32 = 2;

/// The pause before each of them.
const PAUSE: Duration = Duration::from_millis(10);

/// The queue of orders to send again, and the thread that does it.
#[derive(Debug)]
pub(crate) struct RetryQueue {
    jobs: Sender<Job>,
}

#[derive(Debug)]
struct Job {
    order: Order,
    lost: Lost,
    verdict: Sender<Result<(), AskError>>,
}

impl RetryQueue {
    /// Starts the thread.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub(crate) fn start(database: Database) -> io::Result<Self> {
        let (jobs, queue) = mpsc::channel();
        thread::Builder::new().spawn(move || work(&queue, database))?;
        Ok(RetryQueue { jobs })
    }

    /// Hands over an order whose connection was `lost` and waits until it is stored or given up.
    ///
    /// # Errors
    /// The last failure; `None` when the thread is gone.
    pub(crate) fn put_again(&self, order: &Order, lost: Lost) -> Result<(), Option<AskError>> {
        let (verdict, decided) = mpsc::channel();
        let job = Job { order: order.clone(), lost, verdict };
        self.jobs.send(job).map_err(|_| None)?;
        decided.recv().map_err(|_| None)?.map_err(Some)
    }
}

fn work(queue: &Receiver<Job>, database: Database) {
    for job in queue {
        let result = retry(&job.order, job.lost, |order| database.put(order));
        // The customer's thread waits for this; if it is gone, nobody wants to know.
        let _ = job.verdict.send(result);
    }
}

fn retry(order: &Order, mut lost: Lost, mut put: impl FnMut(&Order) -> Result<(), AskError>) -> Result<(), AskError> {
    for attempt in 1..=RETRIES_MAX {
        log::Line::new(SERVICE)
            .with("action", "retry")
            .with("order_id", order.id.as_str())
            .with("attempt", attempt)
            .with("error", lost.to_string())
            .write();
        thread::sleep(PAUSE);
        match put(order) {
            Err(AskError::Lost(again)) => lost = again,
            decided => return decided,
        }
    }
    Err(AskError::Lost(lost))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::order::Wish;
    use orders::line::Moment;

    fn lost() -> Lost {
        Lost::at(Moment::Receive, io::Error::other("gone"))
    }

    /// Retries with these results; returns how many were used and whether the order was stored.
    fn check(results: Vec<Result<(), AskError>>) -> (usize, Result<(), String>) {
        let wish = Wish { item: "widget".to_owned(), qty: 1 };
        let id = "o1".to_owned();
        let mut used = 0;
        let mut results = results.into_iter();
        let result = retry(&Order { id, wish }, lost(), |_| {
            used += 1;
            results.next().unwrap()
        });
        (used, result.map_err(|error| error.to_string()))
    }

    #[test]
    fn an_order_is_sent_again_until_it_is_decided() {
        assert_eq!(check(vec![Ok(())]), (1, Ok(())));
        assert_eq!(check(vec![Err(AskError::Lost(lost())), Ok(())]), (2, Ok(())));
        let refused = AskError::Refused("ERR full".to_owned());
        assert_eq!(check(vec![Err(refused)]), (1, Err("answered `ERR full`".to_owned())));
    }

    #[test]
    fn an_order_is_given_up_after_two_retries() {
        let results = vec![Err(AskError::Lost(lost())), Err(AskError::Lost(lost()))];
        assert_eq!(check(results), (2, Err("receive: gone".to_owned())));
    }
}
