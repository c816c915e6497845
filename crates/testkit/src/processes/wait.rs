//! Waiting for what a program promises.

use std::collections::VecDeque;
use std::future::Future;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Process, ProcessError};

/// A moment on the monotonic clock after which waiting is over.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    started: Instant,
    limit: Duration,
}

impl Deadline {
    /// A deadline `limit` from now.
    pub fn after(limit: Duration) -> Self {
        Self {
            started: Instant::now(),
            limit,
        }
    }

    /// Whether the time is up.
    pub fn passed(&self) -> bool {
        self.started.elapsed() >= self.limit
    }

    /// How long has been waited so far.
    pub fn waited(&self) -> Duration {
        self.started.elapsed()
    }
}

/// Asks `ready` every 50 ms until it gives a value, the process leaves, or `limit` has passed.
///
/// # Errors
/// [`ProcessError::Left`] or [`ProcessError::NotReady`], both with the end of the process's log.
pub async fn until<T, F>(
    process: &mut Process,
    limit: Duration,
    mut ready: impl FnMut() -> F,
) -> Result<T, ProcessError>
where
    F: Future<Output = Option<T>>,
{
    let deadline = Deadline::after(limit);
    loop {
        if let Some(value) = ready().await {
            return Ok(value);
        }
        if let Some(code) = process.left() {
            return Err(process.left_error(code));
        }
        if deadline.passed() {
            return Err(process.not_ready_error(deadline.waited()));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// `count` different ports on 127.0.0.1 that nobody listens on at this moment.
///
/// Somebody else may take one before it is used: who starts a server with it should be ready to try again.
///
/// # Errors
/// The system gives no port.
pub fn free_ports(count: usize) -> Result<Vec<u16>, ProcessError> {
    // All listeners stay open until the last port is known, else the same one could be given out twice.
    let listeners = (0..count)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))
        .collect::<Result<Vec<_>, _>>()
        .map_err(ProcessError::system("finding a free port on 127.0.0.1"))?;
    listeners
        .iter()
        .map(|listener| listener.local_addr().map(|address| address.port()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(ProcessError::system("finding a free port on 127.0.0.1"))
}

/// The last `count` lines of a log, indented; what cannot be read is empty.
pub fn tail(log: &Path, count: usize) -> String {
    let Ok(file) = std::fs::File::open(log) else {
        return String::new();
    };
    let mut last: VecDeque<String> = VecDeque::with_capacity(count + 1);
    for line in BufReader::new(file).split(b'\n').map_while(Result::ok) {
        last.push_back(format!("    {}", String::from_utf8_lossy(&line)));
        if last.len() > count {
            last.pop_front();
        }
    }
    Vec::from(last).join("\n")
}
