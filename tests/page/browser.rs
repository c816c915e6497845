//! A browser that does what it is told: `chromedriver` and the part of WebDriver that is needed here.

use std::path::Path;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use privatelink_testkit::processes::{Process, Program, free_ports, until};
use serde_json::{Value, json};

/// A window of a browser.
pub struct Browser {
    driver: Process,
    client: reqwest::Client,
    session: String,
}

impl Browser {
    /// Starts `chromedriver` (or what `CHROMEDRIVER` names) with a window of its own.
    pub async fn start(folder: &Path) -> Self {
        let port = free_ports(1).unwrap()[0];
        let program = std::env::var("CHROMEDRIVER").unwrap_or_else(|_| "chromedriver".to_owned());
        let mut driver = Program::new("chromedriver", program, folder.join("chromedriver.log"))
            .arguments([format!("--port={port}")])
            .start()
            .expect("the page is tried in Chromium: install the packages chromium and chromium-driver");
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let base = format!("http://127.0.0.1:{port}");
        until(&mut driver, Duration::from_secs(60), || async {
            let answer = client.get(format!("{base}/status")).send().await.ok()?;
            answer.status().is_success().then_some(())
        })
        .await
        .unwrap();
        let options = json!({"capabilities": {"alwaysMatch": {
            "acceptInsecureCerts": true,
            "goog:loggingPrefs": {"browser": "ALL"},
            "goog:chromeOptions": {"args": [
                "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
                "--disable-background-networking", "--disable-dev-shm-usage", "--window-size=1400,1000",
                format!("--user-data-dir={}", folder.join("profile").display()),
            ]},
        }}});
        let made = send(client.post(format!("{base}/session")), Some(&options)).await;
        let id = made["sessionId"].as_str().unwrap();
        Browser {
            session: format!("{base}/session/{id}"),
            driver,
            client,
        }
    }

    async fn post(&self, what: &str, body: &Value) -> Value {
        send(self.client.post(format!("{}/{what}", self.session)), Some(body)).await
    }

    /// Goes to an address.
    pub async fn open(&self, address: &str) {
        self.post("url", &json!({"url": address})).await;
    }

    async fn run(&self, script: &str, argument: &str) -> Value {
        let body = json!({"script": script, "args": [argument]});
        self.post("execute/sync", &body).await
    }

    /// What an element says; nothing where there is none.
    pub async fn text(&self, selector: &str) -> String {
        let script =
            "const found = document.querySelector(arguments[0]); return found ? found.innerText : ''";
        let text = self.run(script, selector).await;
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Clicks on the first element that there is; the page may put another in its place at any moment, so the page does it
    /// itself.
    pub async fn click(&self, selector: &str) {
        let script =
            "const found = document.querySelector(arguments[0]); if (found) found.click(); return !!found";
        let clicked = self.run(script, selector).await;
        assert_eq!(clicked, json!(true), "there is no {selector}");
    }

    /// The window as a PNG.
    pub async fn screenshot(&self) -> Vec<u8> {
        let picture = send(self.client.get(format!("{}/screenshot", self.session)), None).await;
        STANDARD.decode(picture.as_str().unwrap()).unwrap()
    }

    /// What the page's console says that is no mere information.
    pub async fn complaints(&self) -> Vec<String> {
        let lines = self.post("se/log", &json!({"type": "browser"})).await;
        let lines = lines.as_array().cloned().unwrap_or_default();
        let lines = lines.iter().filter(|line| line["level"] == "SEVERE");
        lines.map(|line| line["message"].to_string()).collect()
    }

    /// Closes it.
    pub async fn stop(self) {
        send(self.client.delete(&self.session), None).await;
        self.driver.stop(Duration::from_secs(10)).await;
    }
}

async fn send(request: reqwest::RequestBuilder, body: Option<&Value>) -> Value {
    let request = match body {
        Some(body) => request
            .header("content-type", "application/json")
            .body(body.to_string()),
        None => request,
    };
    let answer = request.send().await.unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    assert!(status.is_success(), "{status}: {text}");
    body["value"].clone()
}
