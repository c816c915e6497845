//! One program under its guardian shell.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use super::{Deadline, ProcessError, tail};

const GUARDIAN: &str = include_str!("guardian.sh");
const PAUSE: Duration = Duration::from_millis(20);

/// What to start: the program, its arguments and environment, and where its output goes.
#[derive(Debug, Clone)]
pub struct Program {
    name: String,
    path: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    log: PathBuf,
    grace: Duration,
    leftover: Option<PathBuf>,
}

impl Program {
    /// A program with the name that messages use, its executable, and the log file that its output is appended to.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            folder: None,
            log: log.into(),
            grace: Duration::from_secs(5),
            leftover: None,
        }
    }

    /// Adds arguments.
    #[must_use]
    pub fn arguments<I, A>(mut self, arguments: I) -> Self
    where
        I: IntoIterator<Item = A>,
        A: Into<OsString>,
    {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets one environment variable; all others are inherited.
    #[must_use]
    pub fn environment(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The folder that the program runs in.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// How long the program may take between SIGTERM and SIGKILL when its owner dies.
    #[must_use]
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// A folder that is worth nothing once the owner has died without stopping the program, and is then removed.
    #[must_use]
    pub fn remove_when_abandoned(mut self, folder: impl Into<PathBuf>) -> Self {
        self.leftover = Some(folder.into());
        self
    }

    /// Starts the program. Returns as soon as it runs; see [`super::until`] for waiting until it serves.
    ///
    /// # Errors
    /// The log cannot be written, the executable does not exist, or no process can be made.
    pub fn start(self) -> Result<Process, ProcessError> {
        if self.path.components().count() > 1 && !self.path.is_file() {
            let reason = format!("{} does not exist", self.path.display());
            return Err(ProcessError::Start {
                name: self.name,
                reason,
            });
        }
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .map_err(ProcessError::system(format!("writing {}", self.log.display())))?;
        let mut command = Command::new("sh");
        command
            .args(["-c", GUARDIAN, "guardian"])
            .arg(&self.log)
            .arg((self.grace.as_millis() / 100).to_string())
            .arg(self.leftover.clone().unwrap_or_default())
            .arg(&self.path)
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            // A group of its own: Ctrl-C at the terminal reaches the owner alone, which then stops things in order.
            .process_group(0);
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        let failed = |reason: String| ProcessError::Start {
            name: self.name.clone(),
            reason,
        };
        let mut guardian = command.spawn().map_err(|error| failed(format!("sh: {error}")))?;
        let lifeline = guardian.stdin.take();
        let mut line = String::new();
        if let Some(output) = guardian.stdout.take() {
            BufReader::new(output)
                .read_line(&mut line)
                .map_err(|error| failed(error.to_string()))?;
        }
        let pid = line
            .trim()
            .parse::<i32>()
            .ok()
            .and_then(Pid::from_raw)
            .ok_or_else(|| failed("its guardian shell did not say its process id".to_owned()))?;
        Ok(Process {
            name: self.name,
            pid,
            guardian,
            lifeline,
            log: self.log,
            left: None,
        })
    }

    /// Starts the program and waits for its end.
    ///
    /// # Errors
    /// As [`Program::start`].
    pub fn run(self) -> Result<i32, ProcessError> {
        let mut process = self.start()?;
        loop {
            if let Some(code) = process.left() {
                return Ok(code);
            }
            std::thread::sleep(PAUSE);
        }
    }
}

/// A running program. Dropping it ends the program (SIGTERM, then SIGKILL after the grace time) without waiting.
#[derive(Debug)]
pub struct Process {
    name: String,
    pid: Pid,
    guardian: Child,
    lifeline: Option<ChildStdin>,
    log: PathBuf,
    left: Option<i32>,
}

impl Process {
    /// The name that messages use.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The process id of the program itself (not of its guardian).
    pub fn pid(&self) -> i32 {
        self.pid.as_raw_nonzero().get()
    }

    /// Where the program's output is kept.
    pub fn log(&self) -> &Path {
        &self.log
    }

    /// The exit status once the program has ended (128 + the signal's number when a signal ended it).
    pub fn left(&mut self) -> Option<i32> {
        if self.left.is_none()
            && let Ok(Some(status)) = self.guardian.try_wait()
        {
            self.left = Some(code(status));
            self.release();
        }
        self.left
    }

    /// An error that says that the program has left, with the end of its log.
    pub fn left_error(&self, code: i32) -> ProcessError {
        ProcessError::Left {
            name: self.name.clone(),
            code,
            log: self.log.clone(),
            tail: tail(&self.log, 15),
        }
    }

    /// An error that says that the program did not become ready, with the end of its log.
    pub fn not_ready_error(&self, waited: Duration) -> ProcessError {
        ProcessError::NotReady {
            name: self.name.clone(),
            seconds: waited.as_secs(),
            log: self.log.clone(),
            tail: tail(&self.log, 15),
        }
    }

    /// Sends a signal to the program; one that has ended already is no error.
    pub fn signal(&mut self, signal: Signal) {
        if self.left().is_none() {
            // The guardian has not been waited for, so the id still belongs to the program or to nobody.
            let _ = kill_process(self.pid, signal);
        }
    }

    /// SIGTERM, and SIGKILL for the program and everything it started when `grace` has passed. Returns the exit status.
    pub async fn stop(mut self, grace: Duration) -> i32 {
        self.signal(Signal::TERM);
        let deadline = Deadline::after(grace);
        loop {
            if let Some(code) = self.left() {
                return code;
            }
            if deadline.passed() {
                return self.kill();
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// SIGKILL for the program and everything it started. Returns the exit status.
    pub fn kill(mut self) -> i32 {
        self.signal(Signal::KILL);
        let deadline = Deadline::after(Duration::from_secs(2));
        loop {
            if let Some(code) = self.left() {
                return code;
            }
            if deadline.passed() {
                // The guardian leads the group; without it nothing would report the end, so the status is the signal's.
                if let Some(group) = i32::try_from(self.guardian.id()).ok().and_then(Pid::from_raw) {
                    let _ = kill_process_group(group, Signal::KILL);
                }
                drop(self.guardian.wait());
                return 128 + 9;
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Tells the guardian's watcher that all is well, so that it leaves without a kill.
    fn release(&mut self) {
        if let Some(mut lifeline) = self.lifeline.take() {
            drop(lifeline.write_all(b"left\n"));
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.left().is_none() {
            drop(self.lifeline.take());
            // Reaps the guardian in the background: a program that is being stopped must not hold its owner up.
            let name = self.name.clone();
            if let Some(pid) = i32::try_from(self.guardian.id()).ok().and_then(Pid::from_raw) {
                drop(
                    std::thread::Builder::new()
                        .name(format!("reap {name}"))
                        .spawn(move || {
                            rustix::process::waitpid(Some(pid), rustix::process::WaitOptions::empty())
                        }),
                );
            }
        }
    }
}

fn code(status: ExitStatus) -> i32 {
    status
        .code()
        .or_else(|| status.signal().map(|signal| 128 + signal))
        .unwrap_or(-1)
}

/// Empties a log file before a program's first start.
pub(crate) fn fresh_log(path: &Path) -> Result<(), ProcessError> {
    File::create(path)
        .map(drop)
        .map_err(ProcessError::system(format!("writing {}", path.display())))
}
