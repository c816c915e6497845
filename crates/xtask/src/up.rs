//! `cargo xtask up`: an installation for scripts.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;

use crate::Failure;
use crate::signals::Signals;
use privatelink_testkit::environment::{Environment, Extra};

#[derive(Debug, Args)]
pub(crate) struct UpArguments {
    /// Where env, kubeconfigs and logs are written; what is written is removed at the end
    #[arg(long, value_name = "DIRECTORY")]
    state_dir: PathBuf,
    /// More flags for the controller, separated by spaces; one that is given here replaces the default
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true, default_value = "")]
    controller_args: String,
    /// More flags for the emulator, separated by spaces
    #[arg(long, value_name = "FLAGS", allow_hyphen_values = true, default_value = "")]
    emulator_args: String,
    /// Run the release build of both programs
    #[arg(long)]
    release: bool,
}

/// Flags of one argument.
pub(crate) fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// A folder that one `up` at a time may use.
struct StateFolder {
    path: PathBuf,
    made: bool,
    lock: File,
}

impl StateFolder {
    fn take(path: &Path) -> Result<Self, Failure> {
        let made = !path.exists();
        std::fs::create_dir_all(path).map_err(Failure::file("making", path))?;
        let path = path.canonicalize().map_err(Failure::file("finding", path))?;
        let lock_path = path.join("lock");
        let lock = File::create(&lock_path).map_err(Failure::file("writing", &lock_path))?;
        lock.try_lock().map_err(|_| {
            Failure::Message(format!(
                "{} is in use by another `cargo xtask up`",
                path.display()
            ))
        })?;
        Ok(Self { path, made, lock })
    }

    /// Removes the lock, and the folder too if it was made by us and nothing of others is in it.
    fn give_back(self) {
        drop(std::fs::remove_file(self.path.join("lock")));
        drop(self.lock);
        if self.made {
            drop(std::fs::remove_dir(&self.path));
        }
    }
}

/// Starts everything, says `ready`, and stays until a signal.
pub(crate) async fn run(arguments: UpArguments) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let folder = StateFolder::take(&arguments.state_dir)?;
    let extra = Extra {
        controller: words(&arguments.controller_args),
        emulator: words(&arguments.emulator_args),
        release: arguments.release,
    };
    let mut environment = Environment::new(&folder.path, extra);
    // Files of an earlier run that was killed would be taken for this one's.
    environment.remove_files();
    let outcome = tokio::select! {
        outcome = serve(&mut environment) => outcome,
        () = signals.received() => Ok(()),
    };
    environment.stop().await;
    match &outcome {
        Ok(()) => {
            environment.remove_files();
            folder.give_back();
        }
        Err(_) => eprintln!("logs are kept in {}", folder.path.display()),
    }
    outcome
}

/// Never returns while all is well.
async fn serve(environment: &mut Environment) -> Result<(), Failure> {
    environment.start().await?;
    environment.write_env()?;
    println!("ready");
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if let Some(failure) = environment.broken() {
            return Err(failure.into());
        }
        // A controller that was killed comes back, as a Deployment would bring it back.
        if let Some(code) = environment.controller_left() {
            eprintln!("the controller left with status {code}; starting it again");
            environment.start_controller().await?;
            environment.write_env()?;
        }
    }
}
