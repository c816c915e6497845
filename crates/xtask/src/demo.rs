//! `cargo xtask demo`: the whole path on this machine, for people.

use std::time::Duration;

use clap::Args;
use privatelink_testkit::kubernetes::Kubectl;
use privatelink_testkit::processes::Deadline;

use crate::signals::Signals;
use crate::table::{Row, Table, rows};
use crate::{Failure, programs};
use privatelink_testkit::environment::{Environment, Extra, seeded, succeed};

/// What the demo shows of `deploy/examples`; the others are for trying out.
const EXAMPLES: [&str; 3] = ["container-registry.yaml", "key-vault.yaml", "storage-blob.yaml"];
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
    println!("applying {} of deploy/examples", EXAMPLES.join(", "));
    succeed(kubectl.run(&with_examples(&["apply", "--server-side"]))?)?;
    until_ready(environment, &kubectl).await?;
    if exit {
        return take_down(environment, &kubectl).await;
    }
    environment.write_env()?;
    print!("{}", what_next(environment));
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        if let Some(failure) = environment.broken() {
            return Err(failure.into());
        }
        if let Some(code) = environment.controller_left() {
            println!("the controller left with status {code}; starting it again");
            environment.start_controller().await?;
            environment.write_env()?;
        }
    }
}

/// Arguments of kubectl, with the files of the demo.
fn with_examples(arguments: &[&str]) -> Vec<String> {
    let folder = programs::workspace().join("deploy/examples");
    let files = EXAMPLES.map(|name| format!("--filename={}", folder.join(name).display()));
    let arguments = arguments.iter().map(|argument| (*argument).to_owned());
    arguments.chain(files).collect()
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
async fn take_down(environment: &mut Environment, kubectl: &Kubectl) -> Result<(), Failure> {
    println!("deleting them");
    succeed(kubectl.run(&with_examples(&["delete", "--wait=false"]))?)?;
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
fn what_next(environment: &Environment) -> String {
    format!(
        r#"
Everything is Ready. What to try next, in another terminal:

  . {env}
  alias kubectl=$KUBECTL

  kubectl get pe -n demo -o wide
  kubectl describe pe orders-blob -n demo

  # What clients in the network are told of a name, before and after (deploy/examples/README.md has more):
  dig @$DNS_SERVER -p $DNS_PORT stdemoorders.queue.core.windows.net +short
  kubectl apply -f {examples}/dns-split-horizon.yaml
  dig @$DNS_SERVER -p $DNS_PORT stdemoorders.queue.core.windows.net +short

  # What the emulator holds, as Azure would answer:
  alias arm='curl -s --cacert $ARM_CA -H "Authorization: Bearer $ARM_TOKEN"'
  PE="$ARM_ENDPOINT/subscriptions/$SUBSCRIPTION_ID/resourceGroups/$RESOURCE_GROUP/providers/Microsoft.Network/privateEndpoints/orders-blob?api-version=2024-05-01"
  arm "$PE"

  # Delete it behind the controller's back, and watch it come back:
  arm -X DELETE "$PE"
  kubectl get pe -n demo -w

Ctrl-C ends the demo and leaves nothing behind.
"#,
        env = environment.env_file().display(),
        examples = programs::workspace().join("deploy/examples").display(),
    )
}
