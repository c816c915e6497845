//! The door for tests: everything under `/_emulator/`.
//!
//! No token is asked for, so that only callers on the same machine (or in the same process) are let in; `health` alone is
//! open to everybody.

use std::net::SocketAddr;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use jiff::SignedDuration;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::dns::{self, ListenError};
use crate::doors::change::Change;
use crate::doors::wire::{Request, Response};
use crate::faults::FaultRule;
use crate::network::addresses::is_address;
use crate::page;
use crate::request::form;
use crate::{Contradictory, Emulator, Snapshot};

/// What the door can do, for a caller that asked for something else.
const ROUTES: &str = "GET health; GET journal?since=N; GET, POST, DELETE faults; DELETE faults/ID; GET, POST clock; GET snapshot; POST restore; GET seed, what is there as a seed file; POST reset; POST change; GET token?hours=N&principal=NAME; GET resolve?network=ID&name=NAME&type=A, with server=ADDRESS, or interface=ID in place of the network; GET, POST dns; DELETE dns?network=ID; GET ui, the page to look at; GET overview; GET resources?group=ID; GET resource?id=ID";

/// Answers a request whose path begins with `/_emulator/`.
pub fn handle(emulator: &Emulator, request: &Request) -> Response {
    answer(emulator, request).unwrap_or_else(|refusal| {
        respond(
            refusal.status,
            &json!({"error": {"code": refusal.code, "message": refusal.message}}),
        )
    })
}

fn answer(emulator: &Emulator, request: &Request) -> Result<Response, Refusal> {
    let path = request
        .url
        .path()
        .trim_start_matches("/_emulator")
        .trim_matches('/');
    let (name, rest) = path
        .split_once('/')
        .map_or((path, None), |(name, rest)| (name, Some(rest)));
    if name == "health" && rest.is_none() {
        return Ok(success(&json!({"status": "ok"})));
    }
    if !request.peer.is_none_or(|peer| peer.to_canonical().is_loopback()) {
        return Err(refusal(
            StatusCode::FORBIDDEN,
            "LoopbackOnly",
            "The test door is open to callers on the emulator's own machine only.",
        ));
    }
    if is_from_another_page(request) {
        return Err(refusal(
            StatusCode::FORBIDDEN,
            "SamePageOnly",
            "The test door does nothing for pages of other hosts.",
        ));
    }
    match (&request.method, name, rest) {
        (&Method::GET, "journal", None) => {
            let since = number(request, "since")?.unwrap_or(0);
            let extract = emulator.journal_since(since);
            Ok(success(&serde_json::to_value(extract).unwrap_or_default()))
        }
        (&Method::GET, "faults", None) => Ok(success(&json!({"faults": emulator.faults()}))),
        (&Method::POST, "faults", None) => {
            let rule: FaultRule = read(request)?;
            let id = emulator.add_fault(rule);
            Ok(respond(StatusCode::CREATED, &json!({"id": id})))
        }
        (&Method::DELETE, "faults", None) => {
            emulator.clear_faults();
            Ok(success(&json!({})))
        }
        (&Method::DELETE, "faults", Some(id)) => {
            let removed = id.parse().is_ok_and(|id| emulator.remove_fault(id));
            if removed {
                Ok(success(&json!({})))
            } else {
                Err(refusal(
                    StatusCode::NOT_FOUND,
                    "NotFound",
                    &format!("There is no fault rule '{id}'."),
                ))
            }
        }
        (&Method::GET, "clock", None) => Ok(success(&clock(emulator))),
        (&Method::POST, "clock", None) => {
            let advance: Advance = read(request)?;
            advance_clock(emulator, advance.advance_seconds)?;
            Ok(success(&clock(emulator)))
        }
        (&Method::GET, "snapshot", None) => serde_json::to_value(emulator.snapshot())
            .map(|snapshot| success(&snapshot))
            .map_err(|error| {
                refusal(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "SnapshotFailed",
                    &error.to_string(),
                )
            }),
        (&Method::GET, "seed", None) => exported(emulator),
        (&Method::POST, "restore", None) => {
            let snapshot: Snapshot = read(request)?;
            match emulator.load(&snapshot) {
                Ok(()) => Ok(success(&json!({}))),
                Err(contradictory) => Ok(contradictions(&contradictory)),
            }
        }
        (&Method::POST, "reset", None) => {
            emulator.reset();
            Ok(success(&json!({})))
        }
        (&Method::POST, "change", None) => {
            let change: Change = read(request)?;
            emulator
                .change(change)
                .map(|()| success(&json!({})))
                .map_err(|error| refusal(StatusCode::BAD_REQUEST, &error.code, &error.message))
        }
        (&Method::GET, "ui", None) => Ok(page()),
        (&Method::GET, "overview", None) => Ok(success(&page::overview(emulator))),
        (&Method::GET, "resources", None) => {
            let group = query(request, "group").unwrap_or_default();
            Ok(success(&page::resources(emulator, &group)))
        }
        (&Method::GET, "resource", None) => {
            let id = query(request, "id").unwrap_or_default();
            let body = emulator.resource(&id);
            body.map(|body| success(&body)).ok_or_else(|| {
                refusal(
                    StatusCode::NOT_FOUND,
                    "NotFound",
                    &format!("There is no resource '{id}'."),
                )
            })
        }
        (&Method::GET, "token", None) => token(emulator, request),
        (&Method::GET, "resolve", None) => resolve(emulator, request),
        (&Method::GET, "dns", None) => Ok(success(&json!({"listeners": emulator.dns_listeners()}))),
        (&Method::POST, "dns", None) => listen(emulator, request),
        (&Method::DELETE, "dns", None) => end_listener(emulator, request),
        _ => Err(refusal(
            StatusCode::NOT_FOUND,
            "NotFound",
            &format!(
                "'{} {}' is nothing that the test door does. Under /_emulator/ there is: {ROUTES}.",
                request.method,
                request.url.path()
            ),
        )),
    }
}

/// Whether a browser sends it for a page that is not the emulator's own. Browsers say so; one that does not names the page's
/// host with what changes anything.
fn is_from_another_page(request: &Request) -> bool {
    if let Some(site) = request.headers.get("sec-fetch-site") {
        return site != "same-origin" && site != "none";
    }
    let origin = request.headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    origin.is_some_and(|origin| origin != request.url.origin().ascii_serialization().as_bytes())
}

/// How many contradictions of a snapshot are told.
const TOLD: usize = 100;

fn contradictions(Contradictory(found): &Contradictory) -> Response {
    let message = format!(
        "The snapshot contradicts itself in {} places, and nothing was changed. Take one with GET snapshot, and load it as it is.",
        found.len()
    );
    let details: Vec<Value> = found
        .iter()
        .take(TOLD)
        .map(|message| json!({"code": "Contradiction", "message": message}))
        .collect();
    let error = json!({"code": "ContradictorySnapshot", "message": message, "details": details});
    respond(StatusCode::BAD_REQUEST, &json!({"error": error}))
}

fn exported(emulator: &Emulator) -> Result<Response, Refusal> {
    let text = emulator.export_seed().map_err(|error| {
        refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            "ExportFailed",
            &error.to_string(),
        )
    })?;
    let mut response = respond(StatusCode::OK, &Value::Null);
    let kind = HeaderValue::from_static("application/yaml; charset=utf-8");
    response.headers.insert(header::CONTENT_TYPE, kind);
    response.body = Bytes::from(text);
    Ok(response)
}

fn page() -> Response {
    let mut response = respond(StatusCode::OK, &Value::Null);
    for (name, value) in [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, page::POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
    ] {
        response.headers.insert(name, HeaderValue::from_static(value));
    }
    response.body = Bytes::from_static(page::HTML.as_bytes());
    response
}

/// The body of `POST clock`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Advance {
    advance_seconds: f64,
}

fn advance_clock(emulator: &Emulator, seconds: f64) -> Result<(), Refusal> {
    let wanted = SignedDuration::try_from_secs_f64(seconds).ok();
    let most = match wanted.filter(|by| !by.is_negative()) {
        Some(by) => match emulator.advance_within_dates(by) {
            Ok(()) => return Ok(()),
            Err(most) => most,
        },
        None => crate::LAST.duration_since(emulator.now()),
    };
    let message = format!(
        "advanceSeconds: has to be a number of seconds between 0 and {}: the clock goes forward only, and not beyond {}.",
        most.as_secs().max(0),
        crate::LAST
    );
    Err(refusal(StatusCode::BAD_REQUEST, "InvalidRequest", &message))
}

fn clock(emulator: &Emulator) -> Value {
    json!({
        "now": emulator.now().to_string(),
        "wallTime": emulator.wall_time().to_string(),
        "timeScale": emulator.options().time_scale,
    })
}

fn token(emulator: &Emulator, request: &Request) -> Result<Response, Refusal> {
    let hours = number(request, "hours")?.unwrap_or(24).min(24 * 365);
    let lifetime = SignedDuration::from_hours(i64::try_from(hours).unwrap_or(24));
    let (principal, audience) = (query(request, "principal"), query(request, "audience"));
    match emulator.issue_token(principal.as_deref(), audience.as_deref(), lifetime) {
        Some((token, expires)) => Ok(success(
            &json!({"token": token, "expiresOn": expires.to_string()}),
        )),
        None => Err(refusal(
            StatusCode::NOT_FOUND,
            "PrincipalNotFound",
            &format!("The seed names no principal '{}'.", principal.unwrap_or_default()),
        )),
    }
}

fn resolve(emulator: &Emulator, request: &Request) -> Result<Response, Refusal> {
    let invalid = |message: String| refusal(StatusCode::BAD_REQUEST, "InvalidRequest", &message);
    let given = |parameter: &str| {
        query(request, parameter).ok_or_else(|| invalid(format!("{parameter}: is missing.")))
    };
    let interface = query(request, "interface");
    let server = query(request, "server");
    let network = match &interface {
        Some(_) => String::new(),
        None => given("network")?,
    };
    let asker = match (&interface, &server) {
        (Some(interface), None) => dns::Asker::Interface(interface),
        (Some(_), Some(_)) => {
            return Err(invalid(
                "server: is asked from a network, not from an interface.".to_owned(),
            ));
        }
        (None, Some(server)) => dns::Asker::Server(&network, server),
        (None, None) => dns::Asker::Network(&network),
    };
    let name = given("name")?;
    if interface.is_none() && !dns::is_network(&network) {
        return Err(invalid(format!(
            "network: '{network}' is no id of a virtual network."
        )));
    }
    if let Some(server) = server.as_ref().filter(|server| !is_address(server)) {
        return Err(invalid(format!("server: '{server}' is no address.")));
    }
    if dns::normal(&name).is_none() {
        return Err(invalid(format!("name: '{name}' is no domain name.")));
    }
    let record_type = query(request, "type")
        .map_or(Ok(dns::RecordType::A), |text| text.parse())
        .map_err(|error| invalid(format!("type: {error}.")))?;
    let answer = emulator.resolve_as(asker, &name, record_type).ok_or_else(|| {
        let interface = interface.unwrap_or_default();
        let message = format!("There is no network interface '{interface}'.");
        refusal(StatusCode::NOT_FOUND, "NotFound", &message)
    })?;
    Ok(success(&serde_json::to_value(answer).unwrap_or_default()))
}

/// The body of `POST dns`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Listening {
    network: String,
    listen: Option<SocketAddr>,
    #[serde(default)]
    beyond_loopback: bool,
}

fn listen(emulator: &Emulator, request: &Request) -> Result<Response, Refusal> {
    let wanted: Listening = read(request)?;
    let address = wanted
        .listen
        .unwrap_or_else(|| SocketAddr::from(([127, 0, 0, 1], 0)));
    if !address.ip().to_canonical().is_loopback() && !wanted.beyond_loopback {
        return Err(refusal(
            StatusCode::BAD_REQUEST,
            "LoopbackOnly",
            &format!(
                "listen: others than this machine reach {address}. Say \"beyondLoopback\": true if that is wanted."
            ),
        ));
    }
    let wanted = dns::Listen {
        address,
        network_id: wanted.network,
    };
    match emulator.listen_dns(&wanted) {
        Ok((open, new)) => {
            let status = if new { StatusCode::CREATED } else { StatusCode::OK };
            Ok(respond(status, &json!(open)))
        }
        Err(error) => {
            let (status, code) = match &error {
                ListenError::NoNetworkId(_) => (StatusCode::BAD_REQUEST, "InvalidRequest"),
                ListenError::UnknownNetwork(_) => (StatusCode::NOT_FOUND, "NetworkNotFound"),
                ListenError::ListensAlready(_) => (StatusCode::CONFLICT, "ListensAlready"),
                ListenError::TooMany => (StatusCode::CONFLICT, "TooManyListeners"),
                ListenError::Address { .. } => (StatusCode::CONFLICT, "AddressNotAvailable"),
                ListenError::NoRuntime => (StatusCode::NOT_IMPLEMENTED, "NoRuntime"),
            };
            Err(refusal(status, code, &format!("{error}.")))
        }
    }
}

fn end_listener(emulator: &Emulator, request: &Request) -> Result<Response, Refusal> {
    let Some(network) = query(request, "network") else {
        return Err(refusal(
            StatusCode::BAD_REQUEST,
            "InvalidRequest",
            "network: is missing.",
        ));
    };
    if emulator.end_dns(&network) {
        return Ok(success(&json!({})));
    }
    Err(refusal(
        StatusCode::NOT_FOUND,
        "NotFound",
        &format!("No resolver of '{network}' listens."),
    ))
}

fn query(request: &Request, name: &str) -> Option<String> {
    request
        .url
        .query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn number(request: &Request, name: &str) -> Result<Option<u64>, Refusal> {
    query(request, name)
        .map(|text| {
            text.parse().map_err(|_| {
                refusal(
                    StatusCode::BAD_REQUEST,
                    "InvalidRequest",
                    &format!("{name}: '{text}' is no number from 0 up."),
                )
            })
        })
        .transpose()
}

/// Reads a JSON body; a mistake is named with its line and column.
fn read<T: DeserializeOwned>(request: &Request) -> Result<T, Refusal> {
    if let Some(encoding) = form::encoding(&request.headers) {
        return Err(refusal(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "UnsupportedMediaType",
            &format!("The content encoding '{encoding}' is not supported. Send the content as it is."),
        ));
    }
    serde_json::from_slice(&request.body).map_err(|error| {
        refusal(
            StatusCode::BAD_REQUEST,
            "InvalidRequest",
            &format!("The body is not what {} takes: {error}.", request.url.path()),
        )
    })
}

fn success(body: &Value) -> Response {
    respond(StatusCode::OK, body)
}

/// Why the door does not do it.
struct Refusal {
    status: StatusCode,
    code: String,
    message: String,
}

fn refusal(status: StatusCode, code: &str, message: &str) -> Refusal {
    Refusal {
        status,
        code: code.to_owned(),
        message: message.to_owned(),
    }
}

fn respond(status: StatusCode, body: &Value) -> Response {
    let mut headers = HeaderMap::new();
    headers.insert(
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json; charset=utf-8"),
    );
    Response {
        status,
        headers,
        body: Bytes::from(body.to_string()),
    }
}
