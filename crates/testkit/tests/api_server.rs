//! The launcher of the real API server: it starts, refuses strangers, keeps its logs, and never leaves an orphan.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{Api, ListParams, PostParams};
use privatelink_testkit::kubernetes::{ApiServer, Identity, KubernetesError, Options, assets};

const HELPER_VARIABLE: &str = "PRIVATELINK_TEST_IS_HELPER";

fn is_running(pid: i32) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The state follows the name in parentheses; a zombie has ended.
    stat.rsplit(") ")
        .next()
        .and_then(|rest| rest.chars().next())
        .is_some_and(|state| state != 'Z')
}

fn wait_until_gone(pids: &[i32], limit: Duration) -> bool {
    let started = Instant::now();
    while pids.iter().any(|pid| is_running(*pid)) {
        if started.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    true
}

#[tokio::test]
async fn a_server_serves_its_identities_and_stops_without_a_trace() {
    let options = Options {
        identities: vec![Identity::new("alice", ["readers"])],
        folder: None,
    };
    let server = ApiServer::start(options).await.unwrap();
    let pids = server.pids();
    let folder = server.folder().to_path_buf();
    assert!(pids.iter().all(|pid| is_running(*pid)));

    let admin = server.client(Identity::ADMIN).await.unwrap();
    let maps: Api<ConfigMap> = Api::namespaced(admin, "default");
    let map = ConfigMap {
        metadata: kube::core::ObjectMeta {
            name: Some("seen".into()),
            ..Default::default()
        },
        ..Default::default()
    };
    maps.create(&PostParams::default(), &map).await.unwrap();

    let alice: Api<ConfigMap> = Api::namespaced(server.client("alice").await.unwrap(), "default");
    let refused = alice.list(&ListParams::default()).await.unwrap_err();
    assert!(
        matches!(&refused, kube::Error::Api(status) if status.is_forbidden()),
        "{refused}"
    );

    // A role of its own: `view` is an aggregated role, which only a controller manager fills.
    let kubectl = server.kubectl(Identity::ADMIN);
    let role = [
        "create",
        "role",
        "readers",
        "-n",
        "default",
        "--verb=list",
        "--resource=configmaps",
    ];
    let binding = [
        "create",
        "rolebinding",
        "readers",
        "-n",
        "default",
        "--role=readers",
        "--group=readers",
    ];
    for arguments in [role.as_slice(), binding.as_slice()] {
        let made = kubectl.run(arguments).unwrap();
        assert!(made.success, "{}", made.stderr);
    }
    let started = Instant::now();
    while alice.list(&ListParams::default()).await.is_err() {
        assert!(
            started.elapsed() < Duration::from_secs(10),
            "the binding of alice's group took no effect"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    let stranger = server
        .client_with_token("not-a-token-of-this-server")
        .await
        .unwrap();
    let refused = Api::<Namespace>::all(stranger)
        .list(&ListParams::default())
        .await
        .unwrap_err();
    assert!(
        matches!(&refused, kube::Error::Api(status) if status.code == 401),
        "{refused}"
    );
    let nobody = server.client("bob").await.map(drop).unwrap_err();
    assert!(matches!(nobody, KubernetesError::UnknownIdentity(name) if name == "bob"));

    server.stop().await;
    assert!(
        wait_until_gone(&pids, Duration::from_secs(1)),
        "a server outlived stop()"
    );
    assert!(!folder.exists(), "the temporary folder was not removed");
}

#[tokio::test]
async fn a_server_that_is_dropped_ends() {
    let server = ApiServer::start(Options::default()).await.unwrap();
    let (pids, folder) = (server.pids(), server.folder().to_path_buf());
    drop(server);
    assert!(
        wait_until_gone(&pids, Duration::from_secs(5)),
        "a server outlived its owner"
    );
    assert!(!folder.exists(), "the temporary folder was not removed");
}

#[test]
fn a_test_that_fails_keeps_the_logs() {
    let failed = std::thread::spawn(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let server = runtime.block_on(ApiServer::start(Options::default())).unwrap();
        std::panic::panic_any(server.folder().to_path_buf());
    })
    .join()
    .unwrap_err();
    let folder = failed.downcast_ref::<std::path::PathBuf>().unwrap();
    assert!(folder.join("kube-apiserver.log").exists() && folder.join("etcd.log").exists());
    assert!(!folder.join("etcd-data").exists(), "etcd's data is worth nothing");
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn a_failed_start_keeps_the_logs_and_says_where() {
    let broken = tempfile::tempdir().unwrap();
    let real = assets::provide(&mut |line| eprintln!("{line}")).unwrap();
    std::os::unix::fs::symlink(real.etcd(), broken.path().join("etcd")).unwrap();
    std::os::unix::fs::symlink(real.kubectl(), broken.path().join("kubectl")).unwrap();
    executable(
        &broken.path().join("kube-apiserver"),
        "#!/bin/sh\necho 'the moon is in the way'\nexit 7\n",
    )
    .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let options = Options {
        identities: Vec::new(),
        folder: Some(folder.path().to_path_buf()),
    };
    let broken = assets::Assets {
        folder: broken.path().to_path_buf(),
    };
    let error = ApiServer::start_with(broken, options)
        .await
        .map(drop)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("status 7") && error.contains("the moon is in the way"),
        "{error}"
    );
    assert!(error.contains(&folder.path().display().to_string()), "{error}");
    assert!(folder.path().join("kube-apiserver.log").exists() && folder.path().join("etcd.log").exists());
}

fn executable(path: &Path, text: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::write(path, text)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))
}

#[test]
fn nothing_outlives_an_owner_that_is_killed() {
    let mut helper = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "helper_that_is_killed", "--ignored", "--nocapture"])
        .env(HELPER_VARIABLE, "yes")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(helper.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok);
    let line = lines
        .find(|line| line.contains("pids:"))
        .expect("the helper starts a server");
    let (folder, pids) = line.split_once("pids:").unwrap();
    let folder = folder.rsplit("folder:").next().unwrap().trim().to_owned();
    let pids: Vec<i32> = pids.split_whitespace().map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(pids.len(), 2);
    assert!(pids.iter().all(|pid| is_running(*pid)));
    helper.kill().unwrap();
    helper.wait().unwrap();
    assert!(
        wait_until_gone(&pids, Duration::from_secs(10)),
        "orphans: {pids:?}"
    );
    let started = Instant::now();
    while Path::new(&folder).join("etcd-data").exists() {
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "etcd's data stayed in {folder}"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    std::fs::remove_dir_all(folder).unwrap();
}

/// Not a test: the process that the test above kills.
#[tokio::test]
#[ignore = "runs only as a child of another test"]
async fn helper_that_is_killed() {
    if std::env::var_os(HELPER_VARIABLE).is_none() {
        return;
    }
    let server = ApiServer::start(Options::default()).await.unwrap();
    let pids: Vec<String> = server.pids().iter().map(i32::to_string).collect();
    println!("folder:{} pids: {}", server.folder().display(), pids.join(" "));
    std::future::pending::<()>().await;
}
