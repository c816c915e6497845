//! Real credentials of `azure_identity` against the HTTPS server, and the token check of ARM.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use azure_core::cloud::{CloudConfiguration, CustomConfiguration};
use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientOptions, Transport};
use azure_identity::{
    ClientSecretCredential, ClientSecretCredentialOptions, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue, Method};
use jiff::{SignedDuration, Timestamp};
use privatelink_arm_emulator::client::InProcessClient;
use privatelink_arm_emulator::wire::{Request, Response};
use privatelink_arm_emulator::{Emulator, Options, clock, seed, server, tls};
use tokio_util::sync::CancellationToken;
use url::Url;

const TENANT: &str = "11111111-0000-0000-0000-000000000001";
const CLIENT: &str = "22222222-0000-0000-0000-000000000001";
const OBJECT: &str = "33333333-0000-0000-0000-000000000001";
const SUBSCRIPTION: &str = "00000000-0000-0000-0000-000000000001";

fn closed() -> Emulator {
    closed_at(clock::system())
}

fn closed_at(time: clock::TimeSource) -> Emulator {
    let emulator = Emulator::new(Options::new(time).unwrap());
    let text = format!(
        "subscriptions: [{{id: {SUBSCRIPTION}, tenantId: {TENANT}}}]
resourceGroups: [{{name: rg, location: westeurope}}]
principals:
  - name: controller
    objectId: {OBJECT}
    tenantId: {TENANT}
    clientId: {CLIENT}
    clientSecret: right
    managedIdentity: true
    federatedCredentials: [{{issuer: https://issuer.test, subject: system:serviceaccount:a:b}}]
    roles: [{{scope: /subscriptions/{SUBSCRIPTION}/resourceGroups/rg, role: Reader}}]
"
    );
    emulator
        .apply_seed(&seed::parse("seed.yaml", &text).unwrap())
        .unwrap();
    emulator
}

fn ask(
    emulator: &Emulator,
    method: Method,
    url: &str,
    headers: &[(&'static str, &str)],
    body: &str,
) -> Response {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let request = Request {
        method,
        url: Url::parse(url).unwrap(),
        headers: map,
        body: body.to_owned().into(),
        peer: None,
    };
    emulator.exchange(request).response.unwrap()
}

fn json(response: &Response) -> serde_json::Value {
    serde_json::from_slice(&response.body).unwrap()
}

fn assertion(subject: &str) -> String {
    let payload = serde_json::json!({"iss": "https://issuer.test", "sub": subject, "aud": ["api://AzureADTokenExchange"], "exp": 4_000_000_000_i64});
    format!(
        "{}.{}.c2ln",
        URL_SAFE_NO_PAD.encode("{}"),
        URL_SAFE_NO_PAD.encode(payload.to_string())
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn real_credentials_sign_in_over_https() {
    let directory = tempfile::tempdir().unwrap();
    let server_tls = tls::own_authority(directory.path(), &[]).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let authority = format!("https://{}", listener.local_addr().unwrap());
    let stop = CancellationToken::new();
    let serving = tokio::spawn(server::serve(
        closed(),
        listener,
        server_tls.configuration,
        stop.clone(),
    ));

    let authority_certificate =
        reqwest::Certificate::from_pem(&std::fs::read(directory.path().join("ca.pem")).unwrap()).unwrap();
    let http = reqwest::Client::builder()
        .tls_certs_only([authority_certificate])
        .build()
        .unwrap();
    let options = || {
        let mut cloud = CustomConfiguration::default();
        cloud.authority_host = authority.clone();
        ClientOptions {
            transport: Some(Transport::new(Arc::new(http.clone()))),
            cloud: Some(Arc::new(CloudConfiguration::Custom(cloud))),
            ..ClientOptions::default()
        }
    };
    let with_secret = |secret: &str, tenant: &str, client: &str| {
        let options = ClientSecretCredentialOptions {
            client_options: options(),
        };
        ClientSecretCredential::new(
            tenant,
            client.to_owned(),
            Secret::new(secret.to_owned()),
            Some(options),
        )
        .unwrap()
    };
    let scopes = &["https://management.azure.com/.default"];

    let token = with_secret("right", TENANT, CLIENT)
        .get_token(scopes, None)
        .await
        .unwrap();
    let get = |token: String| {
        http.get(format!(
            "{authority}/subscriptions/{SUBSCRIPTION}/resourcegroups/rg?api-version=2022-09-01"
        ))
        .bearer_auth(token)
        .send()
    };
    let answer = get(token.token.secret().to_owned()).await.unwrap();
    assert_eq!(answer.status(), 200, "{}", answer.text().await.unwrap());

    for (credential, expected) in [
        (with_secret("wrong", TENANT, CLIENT), "AADSTS7000215"),
        (
            with_secret("right", TENANT, "22222222-0000-0000-0000-000000000002"),
            "AADSTS700016",
        ),
        (
            with_secret("right", "11111111-0000-0000-0000-000000000002", CLIENT),
            "AADSTS90002",
        ),
    ] {
        let error = credential.get_token(scopes, None).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }

    let file = directory.path().join("token");
    for (subject, expected) in [
        ("system:serviceaccount:a:b", None),
        ("system:serviceaccount:a:other", Some("AADSTS700213")),
    ] {
        std::fs::write(&file, assertion(subject)).unwrap();
        let mut workload = WorkloadIdentityCredentialOptions {
            client_id: Some(CLIENT.to_owned()),
            tenant_id: Some(TENANT.to_owned()),
            token_file_path: Some(file.clone()),
            ..WorkloadIdentityCredentialOptions::default()
        };
        workload.credential_options.client_options = options();
        let outcome = WorkloadIdentityCredential::new(Some(workload))
            .unwrap()
            .get_token(scopes, None)
            .await;
        match expected {
            None => assert_eq!(
                get(outcome.unwrap().token.secret().to_owned())
                    .await
                    .unwrap()
                    .status(),
                200
            ),
            Some(code) => {
                let error = outcome.unwrap_err().to_string();
                assert!(error.contains(code), "{error}");
            }
        }
    }
    stop.cancel();
    tokio::time::timeout(std::time::Duration::from_secs(8), serving)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn the_in_process_transport_serves_the_public_clouds_addresses() {
    let transport = Transport::new(Arc::new(InProcessClient::new(closed())));
    let options = ClientSecretCredentialOptions {
        client_options: ClientOptions {
            transport: Some(transport),
            ..ClientOptions::default()
        },
    };
    let credential =
        ClientSecretCredential::new(TENANT, CLIENT.to_owned(), Secret::new("right"), Some(options)).unwrap();
    assert!(
        credential
            .get_token(&["https://management.azure.com/.default"], None)
            .await
            .is_ok()
    );
}

#[test]
fn tokens_are_checked() {
    let second = Arc::new(AtomicI64::new(1_800_000_000));
    let time = Arc::clone(&second);
    let emulator = closed_at(Arc::new(move || {
        Timestamp::from_second(time.load(Ordering::Relaxed)).unwrap()
    }));
    let url = format!(
        "https://management.azure.com/subscriptions/{SUBSCRIPTION}/resourcegroups/rg?api-version=2022-09-01"
    );
    let status = |token: &str| {
        let answer = ask(
            &emulator,
            Method::GET,
            &url,
            &[("authorization", &format!("Bearer {token}"))],
            "",
        );
        (
            answer.status.as_u16(),
            json(&answer)["error"]["code"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    let (good, _) = emulator
        .issue_token(Some("controller"), None, SignedDuration::from_hours(1))
        .unwrap();
    assert_eq!(status(&good), (200, String::new()));
    assert_eq!(status("anything"), (401, "InvalidAuthenticationToken".to_owned()));
    assert_eq!(
        status(&format!("{good}x")),
        (401, "InvalidAuthenticationToken".to_owned())
    );
    let (elsewhere, _) = emulator
        .issue_token(
            Some("controller"),
            Some("https://vault.azure.net"),
            SignedDuration::from_hours(1),
        )
        .unwrap();
    assert_eq!(
        status(&elsewhere),
        (401, "InvalidAuthenticationTokenAudience".to_owned())
    );
    assert!(
        emulator
            .issue_token(Some("nobody"), None, SignedDuration::from_hours(1))
            .is_none()
    );
    emulator.advance(SignedDuration::from_hours(2));
    assert_eq!(status(&good).0, 200, "tokens go by the wall clock");
    second.fetch_add(7_200, Ordering::Relaxed);
    assert_eq!(status(&good), (401, "ExpiredAuthenticationToken".to_owned()));

    let anonymous = ask(&emulator, Method::GET, &url, &[], "");
    assert_eq!(json(&anonymous)["error"]["code"], "AuthenticationFailed");
    let challenge = anonymous.headers["www-authenticate"].to_str().unwrap();
    assert!(
        challenge.starts_with(&format!(
            "Bearer authorization_uri=\"https://login.microsoftonline.com/{TENANT}\", error=\"invalid_token\""
        )),
        "{challenge}"
    );
}

#[test]
fn older_clients_sign_in_with_a_resource() {
    let emulator = closed();
    let url = format!("https://login.microsoftonline.com/{TENANT}/oauth2/token?api-version=1.0");
    let form = "application/x-www-form-urlencoded";
    let sign_in = |url: &str, body: &str| {
        let answer = ask(&emulator, Method::POST, url, &[("content-type", form)], body);
        (answer.status.as_u16(), json(&answer))
    };
    let secret = format!("grant_type=client_credentials&client_id={CLIENT}&client_secret=right");
    let proof = assertion("system:serviceaccount:a:b");
    let assertion = format!(
        "grant_type=client_credentials&client_id={CLIENT}&client_assertion={proof}&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
    );
    let arm = "resource=https%3A%2F%2Fmanagement.azure.com%2F";
    for good in [&secret, &assertion] {
        let (status, answer) = sign_in(&url, &format!("{good}&{arm}"));
        assert_eq!(status, 200, "{answer}");
        assert_eq!(
            (&answer["expires_in"], &answer["resource"], &answer["token_type"]),
            (
                &"3599".into(),
                &"https://management.azure.com/".into(),
                &"Bearer".into()
            )
        );
        let number = |field: &str| answer[field].as_str().unwrap().parse::<i64>().unwrap();
        assert_eq!(number("expires_on") - number("not_before"), 3_599);
        let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
        let group = format!(
            "https://management.azure.com/subscriptions/{SUBSCRIPTION}/resourcegroups/rg?api-version=2022-09-01"
        );
        let got = ask(&emulator, Method::GET, &group, &[("authorization", &bearer)], "");
        assert_eq!(got.status, 200);
    }
    for (url, body, status, expected) in [
        (
            &url,
            secret.clone(),
            400,
            "AADSTS500013: Resource identifier is not provided.",
        ),
        (
            &url,
            format!("{secret}&scope=https%3A%2F%2Fmanagement.azure.com%2F.default"),
            400,
            "AADSTS500013",
        ),
        (
            &url,
            format!("{}&{arm}", secret.replace("right", "wrong")),
            401,
            "AADSTS7000215",
        ),
        (
            &url,
            format!("{}&{arm}", secret.replace(CLIENT, OBJECT)),
            400,
            "AADSTS700016",
        ),
        (
            &url,
            format!("{}&{arm}", secret.replace("client_credentials", "password")),
            400,
            "AADSTS70003",
        ),
        (
            &url,
            format!("{arm}&grant_type=client_credentials"),
            400,
            "AADSTS900144",
        ),
        (
            &url.replace(TENANT, OBJECT),
            format!("{secret}&{arm}"),
            400,
            "AADSTS90002",
        ),
        (
            &url.replace("/token", "/v2.0/token"),
            format!("{secret}&{arm}"),
            400,
            "AADSTS900144",
        ),
    ] {
        let (got, answer) = sign_in(url, &body);
        let description = answer["error_description"].as_str().unwrap_or_default();
        assert!(
            got == status && description.starts_with(expected),
            "{body}: {got} {answer}"
        );
    }
    let got = ask(&emulator, Method::GET, &url, &[], "");
    assert_eq!(json(&got)["error_codes"][0], 900_561);
}

#[test]
fn the_metadata_service_wants_its_header() {
    let emulator = closed();
    let url = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&resource=https://management.azure.com";
    assert_eq!(ask(&emulator, Method::GET, url, &[], "").status, 400);
    let answer = json(&ask(&emulator, Method::GET, url, &[("metadata", "true")], ""));
    assert_eq!(
        (answer["client_id"].as_str(), answer["token_type"].as_str()),
        (Some(CLIENT), Some("Bearer"))
    );
    let unknown = ask(
        &emulator,
        Method::GET,
        &format!("{url}&client_id=other"),
        &[("metadata", "true")],
        "",
    );
    assert_eq!(json(&unknown)["error_description"], "Identity not found");
}

#[test]
fn discovery_documents_name_the_address_that_was_asked() {
    let emulator = closed();
    let document = json(&ask(
        &emulator,
        Method::GET,
        &format!("https://localhost:8443/{TENANT}/v2.0/.well-known/openid-configuration"),
        &[],
        "",
    ));
    assert_eq!(
        document["token_endpoint"],
        format!("https://localhost:8443/{TENANT}/oauth2/v2.0/token")
    );
    let instance = json(&ask(
        &emulator,
        Method::GET,
        "https://localhost:8443/common/discovery/instance?api-version=1.1",
        &[],
        "",
    ));
    assert_eq!(instance["metadata"][0]["aliases"][0], "localhost:8443");
    // Asked about another host, it leads to the tenant there.
    let meant = url::form_urlencoded::Serializer::new(String::new())
        .append_pair(
            "authorization_endpoint",
            &format!("https://localhost:9443/{TENANT}/oauth2/v2.0/authorize"),
        )
        .finish();
    let instance = json(&ask(
        &emulator,
        Method::GET,
        &format!("https://login.microsoftonline.com/common/discovery/instance?api-version=1.1&{meant}"),
        &[],
        "",
    ));
    assert_eq!(
        instance["tenant_discovery_endpoint"],
        format!("https://localhost:9443/{TENANT}/v2.0/.well-known/openid-configuration")
    );
    // What a client asks that knows the resource manager's address alone. It needs no token for that.
    let cloud = |version: &str| {
        let url = format!("https://localhost:8443/metadata/endpoints?api-version={version}");
        json(&ask(&emulator, Method::GET, &url, &[], ""))
    };
    let newest = cloud("2022-09-01");
    assert_eq!(newest["resourceManager"], "https://localhost:8443/");
    assert_eq!(
        newest["authentication"]["loginEndpoint"],
        "https://localhost:8443"
    );
    assert_eq!(newest["suffixes"]["keyVaultDns"], "vault.azure.net");
    assert_eq!(cloud("2019-05-01"), serde_json::json!([newest]));
    let oldest = cloud("2015-01-01");
    assert_eq!(
        oldest["authentication"]["loginEndpoint"],
        "https://localhost:8443/"
    );
}

#[test]
fn sign_in_mistakes_get_entras_numbers() {
    let emulator = closed();
    let sign_in = |body: &str| {
        let answer = json(&ask(
            &emulator,
            Method::POST,
            &format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"),
            &[],
            body,
        ));
        (
            answer["error_codes"][0].as_u64().unwrap_or_default(),
            answer["error"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let base = format!(
        "grant_type=client_credentials&client_id={CLIENT}&scope=https%3A%2F%2Fmanagement.azure.com%2F.default"
    );
    for (body, number, error) in [
        (String::new(), 900_144, "invalid_request"),
        ("grant_type=password".to_owned(), 70_003, "unsupported_grant_type"),
        (base.clone(), 7_000_218, "invalid_client"),
        (
            format!("grant_type=client_credentials&client_id={CLIENT}&scope=x&client_secret=right"),
            1_002_012,
            "invalid_scope",
        ),
        (
            format!(
                "{base}&client_assertion=x&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
            ),
            50_027,
            "invalid_request",
        ),
        (format!("{base}&client_secret=right"), 0, ""),
        (
            format!("{base}+openid+offline_access+profile&client_secret=right"),
            0,
            "",
        ),
        (
            format!("{base}+https%3A%2F%2Fvault.azure.net%2F.default&client_secret=right"),
            1_002_012,
            "invalid_scope",
        ),
    ] {
        assert_eq!(sign_in(&body), (number, error.to_owned()), "{body}");
    }
}
