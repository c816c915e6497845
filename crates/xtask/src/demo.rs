//! `cargo xtask demo`: the whole path on this machine, for people.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use privatelink_testkit::kubernetes::{Identity, Kubectl};
use privatelink_testkit::processes::Deadline;

use crate::signals::Signals;
use crate::table::{Row, Table, rows};
use crate::{Failure, programs};
use privatelink_testkit::environment::{Environment, Extra, seeded, succeed};

const READY_WITHIN: Duration = Duration::from_secs(180);
const GONE_WITHIN: Duration = Duration::from_secs(120);

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Verify that all is Ready, delete everything, verify that nothing is left, and leave
    #[arg(long)]
    exit: bool,
}

/// Runs the demo in a temporary folder.
pub(crate) async fn run(arguments: DemoArguments) -> Result<(), Failure> {
    let mut signals = Signals::listen()?;
    let folder = std::env::temp_dir().join(format!("privatelink-demo-{}", std::process::id()));
    std::fs::create_dir_all(&folder).map_err(Failure::file("making", &folder))?;
    // Operations last as long as Azure's would; nobody wants to watch that long.
    let extra = Extra {
        emulator: vec!["--time-scale=20".to_owned()],
        ..Extra::default()
    };
    let mut environment = Environment::new(&folder, extra);
    let outcome = tokio::select! {
        outcome = show(&mut environment, arguments.exit) => outcome,
        () = signals.received() => {
            println!("\nstopping");
            Ok(())
        }
    };
    environment.stop().await;
    match &outcome {
        Ok(()) => {
            drop(std::fs::remove_dir_all(&folder));
        }
        Err(_) => eprintln!("logs are kept in {}", folder.display()),
    }
    outcome
}

async fn show(environment: &mut Environment, exit: bool) -> Result<(), Failure> {
    environment.start().await?;
    let kubectl = environment.kubectl()?;
    let examples = programs::workspace().join("deploy/examples");
    println!("applying deploy/examples");
    succeed(kubectl.run(&["apply", "--server-side", "-f", &examples.display().to_string()])?)?;
    until_ready(environment, &kubectl).await?;
    if exit {
        return take_down(environment, &kubectl, &examples).await;
    }
    print!("{}", what_next(environment)?);
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if let Some(failure) = environment.broken() {
            return Err(failure.into());
        }
        if let Some(code) = environment.controller_left() {
            println!("the controller left with status {code}; starting it again");
            environment.start_controller().await?;
        }
    }
}

async fn until_ready(environment: &mut Environment, kubectl: &Kubectl) -> Result<(), Failure> {
    let deadline = Deadline::after(READY_WITHIN);
    let mut table = Table::default();
    loop {
        let rows = rows(kubectl, seeded::NAMESPACE).await?;
        table.show(&rows);
        if !rows.is_empty() && rows.iter().all(Row::is_ready) {
            return check_addresses(&rows);
        }
        if let Some(failure) = environment.broken() {
            return Err(failure.into());
        }
        if deadline.passed() {
            return Err(Failure::Message(not_ready(&rows)));
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

fn not_ready(rows: &[Row]) -> String {
    let waiting: Vec<String> = rows
        .iter()
        .filter(|row| !row.is_ready())
        .map(|row| format!("{}: {} {}", row.name, row.reason, row.message))
        .collect();
    format!(
        "not Ready after {} s:\n{}",
        READY_WITHIN.as_secs(),
        waiting.join("\n")
    )
}

/// Ready without an address or an approval would be a lie.
fn check_addresses(rows: &[Row]) -> Result<(), Failure> {
    let wrong: Vec<&str> = rows
        .iter()
        .filter(|row| !row.address.starts_with("10.20.") || row.connection != "Approved")
        .map(|row| row.name.as_str())
        .collect();
    if wrong.is_empty() {
        Ok(())
    } else {
        Err(Failure::Message(format!(
            "Ready without an address of the subnet or an approved connection: {}",
            wrong.join(", ")
        )))
    }
}

/// Deletes the examples and checks that Azure holds nothing of ours.
async fn take_down(
    environment: &mut Environment,
    kubectl: &Kubectl,
    examples: &std::path::Path,
) -> Result<(), Failure> {
    println!("deleting deploy/examples");
    let examples = examples.display().to_string();
    succeed(kubectl.run(&["delete", "--wait=false", "-f", &examples])?)?;
    let deadline = Deadline::after(GONE_WITHIN);
    loop {
        let rows = rows(kubectl, seeded::NAMESPACE).await?;
        if rows.is_empty() {
            break;
        }
        if deadline.passed() {
            return Err(Failure::Message(format!("not deleted: {}", not_ready(&rows))));
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    let remains = environment.emulator()?.remains(environment.token()).await?;
    if remains.is_empty() {
        println!("everything was Ready, everything is deleted, and nothing is left in the emulator");
        Ok(())
    } else {
        Err(Failure::Message(format!(
            "left in the emulator:\n  {}",
            remains.join("\n  ")
        )))
    }
}

/// Commands to copy.
fn what_next(environment: &Environment) -> Result<String, Failure> {
    let kubectl: PathBuf = environment.kubectl_path()?;
    let kubeconfig = environment.kubeconfig(Identity::ADMIN)?;
    let emulator = environment.emulator()?;
    Ok(format!(
        r#"
Everything is Ready. What to try next, in another terminal:

  export KUBECONFIG={kubeconfig}
  alias kubectl={kubectl}

  kubectl get pe -n demo -o wide
  kubectl describe pe orders-blob -n demo

  # What the emulator holds, as Azure would answer:
  curl -s --cacert {ca} -H "Authorization: Bearer {token}" \
    "{endpoint}{group}/providers/Microsoft.Network/privateEndpoints/orders-blob?api-version=2024-05-01"

  # Delete it behind the controller's back, and watch it come back:
  curl -s -X DELETE --cacert {ca} -H "Authorization: Bearer {token}" \
    "{endpoint}{group}/providers/Microsoft.Network/privateEndpoints/orders-blob?api-version=2024-05-01"
  kubectl get pe -n demo -w

Ctrl-C ends the demo and leaves nothing behind.
"#,
        kubeconfig = kubeconfig.display(),
        kubectl = kubectl.display(),
        ca = emulator.ca().display(),
        token = environment.token(),
        endpoint = emulator.endpoint(),
        group = seeded::group_id(),
    ))
}
