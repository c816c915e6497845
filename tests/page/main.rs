//! The emulator's page in a real browser: Chromium without a window, driven over WebDriver.

#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod browser;

use std::time::Duration;

use privatelink_testkit::environment::{Emulator, programs};
use privatelink_testkit::processes::Deadline;
use serde_json::json;

use crate::browser::Browser;

const SUBSCRIPTION: &str = "/subscriptions/00000000-0000-0000-0000-000000000001";

/// Waits until a text is on the page.
async fn appears(browser: &Browser, element: &str, wanted: &str) -> String {
    let deadline = Deadline::after(Duration::from_secs(60));
    loop {
        let shown = browser.text(element).await;
        if shown.contains(wanted) {
            return shown;
        }
        assert!(!deadline.passed(), "{element} never says {wanted:?}: {shown}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_shows_what_is_there_and_breaks_what_it_is_told_to() {
    let folder = tempfile::tempdir().unwrap();
    let programs = programs::build(false).await.unwrap();
    let seed = folder.path().join("open.yaml");
    std::fs::write(&seed, "subscriptions: [{id: 00000000-0000-0000-0000-000000000001}]\nresourceGroups: [{name: demo, location: westeurope}]\nthrottle: {writes: {capacity: 20, refill: 0.001}}\n").unwrap();
    let flags = [
        format!("--seed={}", seed.display()),
        "--throttle=azure".to_owned(),
    ];
    let emulator = Emulator::start(&programs.emulator, &folder.path().join("emulator"), &flags)
        .await
        .unwrap();
    let group = format!("{SUBSCRIPTION}/resourceGroups/demo");
    let network = |name: &str| format!("{group}/providers/Microsoft.Network/virtualNetworks/{name}");
    let body = json!({"location": "westeurope", "properties": {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}});
    let put = async |name: &str| emulator.put(network(name), "2024-05-01", body.clone()).await;
    // A name is somebody's: it is shown, and nothing else.
    let tags = json!({"location": "westeurope", "tags": {"note": "<img src=x onerror=alert(1)>"}});
    let tagged = format!("{group}/providers/Microsoft.Network/applicationSecurityGroups/tagged");
    assert_eq!(emulator.put(tagged, "2024-05-01", tags).await.unwrap(), 201);
    assert_eq!(put("one").await.unwrap(), 201);

    let browser = Browser::start(folder.path()).await;
    browser
        .open(&format!("{}/_emulator/ui", emulator.endpoint()))
        .await;
    appears(&browser, "#summary", "resources").await;
    appears(&browser, "#operations", "virtualNetworks/one").await;
    appears(&browser, "#budgets", "writes of").await;
    appears(&browser, "#journal", "virtualNetworks/one").await;

    browser.click("#groups summary").await;
    appears(&browser, "#groups", "applicationSecurityGroups/tagged").await;
    browser.click("#groups button").await;
    appears(&browser, "#body", "<img src=x").await;

    // The first of the buttons: the next write is answered with 429.
    browser.click("#buttons button").await;
    appears(&browser, "#rules", "429").await;
    assert_eq!(put("two").await.unwrap(), 429);
    assert_eq!(put("two").await.unwrap(), 201);
    appears(&browser, "#rules", "1 of").await;
    appears(&browser, "#journal", "TooManyRequests").await;
    browser.click("#rules button").await;
    appears(&browser, "#rules", "no rules").await;

    // The clock goes on, and what runs ends.
    browser.click("#advance").await;
    appears(&browser, "#operations", "none").await;
    let picture = browser.screenshot().await;
    assert!(picture.len() > 20_000, "{} bytes", picture.len());
    let kept = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("emulator-page.png");
    std::fs::write(&kept, picture).unwrap();
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.stop().await;
    emulator.stop(Duration::from_secs(5)).await;
}
