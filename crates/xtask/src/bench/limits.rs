//! What the counts of a run must not exceed.

use serde_json::Value;

/// Resident memory of the controller with nothing to do.
const IDLE_KIB: u64 = 20 * 1024;
/// Resident memory of the controller with a network full of endpoints.
const LOADED_KIB: u64 = 40 * 1024;
/// The most memory that the emulator ever has resident with ten thousand endpoints and all that belongs to them.
const EMULATOR_KIB: u64 = 400 * 1000;
/// What the emulator answers in a second of its processor's time: other programs do not count.
const GETS: u64 = 3000;
const PUTS: u64 = 800;
/// Milliseconds until it serves.
const START: u64 = 100;
/// How much more than the first the last page of a list may take: it is found, not counted off.
const PAGES: u64 = 3;
/// How often one endpoint may be read on its way to Ready, besides what all share.
const OWN_READS: u64 = 4;

/// The limits that the figures of a run break, in words.
pub(super) fn broken(figures: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    let mut check = |holds: bool, words: String| {
        if !holds {
            broken.push(words);
        }
    };
    let puts = |part: &str| {
        requests(figures, part, |method, kind, _| {
            method == "PUT" && kind == "privateEndpoints"
        })
    };
    let writes = |part: &str| requests(figures, part, |method, _, _| method != "GET");
    let throttled = |part: &str| requests(figures, part, |_, _, status| status == "429");

    let put = puts("oneEndpoint");
    check(put == 1, format!("one endpoint took {put} PUT, not 1"));
    let reads = requests(figures, "oneEndpoint", |method, kind, _| {
        method == "GET" && ["privateEndpoints", "networkInterfaces"].contains(&kind)
    });
    check(
        reads <= OWN_READS,
        format!("one endpoint took {reads} reads of its own, more than {OWN_READS}"),
    );
    let wanted = number(figures, "/manyEndpoints/endpoints").saturating_sub(1);
    let put = puts("manyEndpoints");
    check(put == wanted, format!("{wanted} endpoints took {put} PUT"));
    for part in ["oneEndpoint", "manyEndpoints", "atRest", "restart"] {
        let throttled = throttled(part);
        check(
            throttled == 0,
            format!("{part}: {throttled} requests were throttled"),
        );
    }
    for part in ["atRest", "restart"] {
        let writes = writes(part);
        check(writes == 0, format!("{part}: {writes} writes to Azure"));
        let written = number(figures, &format!("/{part}/kubernetesObjectsWritten"));
        check(
            written == 0,
            format!("{part}: {written} Kubernetes objects written"),
        );
    }
    // What is there already is looked at by LIST: reads do not grow with the number of objects.
    let endpoints = number(figures, "/manyEndpoints/endpoints");
    for part in ["atRest", "restart"] {
        let reads = requests(figures, part, |method, _, _| method == "GET");
        let limit = 50 + endpoints / 10 + number(figures, &format!("/{part}/seconds"));
        check(
            reads <= limit,
            format!("{part}: {reads} reads of Azure for {endpoints} endpoints, more than {limit}"),
        );
    }
    // Only the release build is the product.
    if figures.get("build").is_some_and(|build| build == "release") {
        for (name, limit) in [
            ("idle", IDLE_KIB),
            ("loaded", LOADED_KIB),
            ("rested", LOADED_KIB),
            ("restarted", LOADED_KIB),
        ] {
            let resident = number(figures, &format!("/controllerKiB/{name}/resident"));
            check(
                (1..=limit).contains(&resident),
                format!("the controller takes {resident} KiB {name}, more than {limit}"),
            );
        }
        broken.extend(broken_by_emulator(figures));
    }
    broken
}

/// The limits that the figures of the emulator break, in words.
pub(super) fn broken_by_emulator(figures: &Value) -> Vec<String> {
    let mut broken = Vec::new();
    if figures.get("build").is_none_or(|build| build != "release") {
        return broken;
    }
    let resident = number(figures, "/emulator/memoryKiB/peak");
    if !(1..=EMULATOR_KIB).contains(&resident) {
        broken.push(format!(
            "the emulator takes {resident} KiB, more than {EMULATOR_KIB}"
        ));
    }
    let page = |which: &str| number(figures, &format!("/emulator/{which}PageMicroseconds"));
    let (first, last) = (page("first"), page("last"));
    if last > first.saturating_mul(PAGES) {
        broken.push(format!(
            "the last page of a list takes {last} µs, more than {PAGES} times the first's {first}"
        ));
    }
    let count = |of: &str| number(figures, &format!("/emulator/{of}"));
    let gets = count("getPerProcessorSecond");
    if gets < GETS {
        broken.push(format!(
            "the emulator answers {gets} GET in a second of its processor, fewer than {GETS}"
        ));
    }
    for kind in ["storageAccounts", "privateEndpoints", "privateDnsZoneGroups"] {
        let puts = count(&format!("putPerProcessorSecond/{kind}"));
        if puts < PUTS {
            broken.push(format!(
                "the emulator answers {puts} PUT of {kind} in a second of its processor, fewer than {PUTS}"
            ));
        }
    }
    let start = count("startMilliseconds");
    if start > START {
        broken.push(format!("the emulator serves after {start} ms, more than {START}"));
    }
    let (wanted, endpoints, records) = (count("wanted"), count("endpoints"), count("records"));
    if wanted == 0 || [endpoints, records] != [wanted; 2] {
        broken.push(format!(
            "of {wanted} endpoints {endpoints} are listed, with {records} records"
        ));
    }
    broken
}

fn number(figures: &Value, pointer: &str) -> u64 {
    figures
        .pointer(pointer)
        .and_then(Value::as_u64)
        .unwrap_or_default()
}

/// How many requests of a part are of a kind, by method, type and status.
fn requests(figures: &Value, part: &str, wanted: impl Fn(&str, &str, &str) -> bool) -> u64 {
    let counted = figures
        .pointer(&format!("/{part}/requests"))
        .and_then(Value::as_object);
    let matching = counted.into_iter().flatten().filter(|(name, _)| {
        let mut words = name.split(' ');
        let mut word = || words.next().unwrap_or_default();
        wanted(word(), word(), word())
    });
    matching.filter_map(|(_, count)| count.as_u64()).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn good() -> Value {
        json!({
            "build": "release",
            "oneEndpoint": {"requests": {"PUT privateEndpoints 201": 1, "GET privateEndpoints 200": 2,
                "GET networkInterfaces 200": 1, "GET virtualNetworks 200": 1, "GET operations 200": 3}},
            "manyEndpoints": {"endpoints": 1000, "requests": {"PUT privateEndpoints 201": 999}},
            "atRest": {"seconds": 10, "requests": {"GET privateEndpoints 200": 12}, "kubernetesObjectsWritten": 0},
            "restart": {"seconds": 10, "requests": {"GET privateEndpoints 200": 2}, "kubernetesObjectsWritten": 0},
            "controllerKiB": {"idle": {"resident": 15_000}, "loaded": {"resident": 30_000},
                "rested": {"resident": 30_000}, "restarted": {"resident": 30_000}},
            "emulator": {"memoryKiB": {"peak": 200_000}, "wanted": 10_000, "endpoints": 10_000, "records": 10_000, "firstPageMicroseconds": 1000, "lastPageMicroseconds": 2000,
                "getPerProcessorSecond": 5000, "startMilliseconds": 50,
                "putPerProcessorSecond": {"storageAccounts": 900, "privateEndpoints": 900, "privateDnsZoneGroups": 900}},
        })
    }

    #[test]
    fn a_good_run_breaks_nothing() {
        assert_eq!(broken(&good()), Vec::<String>::new());
    }

    #[test]
    fn each_limit_can_be_broken() {
        for (pointer, key, value) in [
            ("/oneEndpoint/requests", "PUT privateEndpoints 200", json!(1)),
            ("/oneEndpoint/requests", "GET privateEndpoints 404", json!(2)),
            ("/manyEndpoints/requests", "PUT privateEndpoints 201", json!(998)),
            ("/manyEndpoints/requests", "GET operations 429", json!(1)),
            ("/atRest/requests", "PUT privateEndpoints 200", json!(1)),
            ("/atRest", "kubernetesObjectsWritten", json!(1)),
            ("/atRest/requests", "GET privateEndpoints 200", json!(161)),
            ("/restart/requests", "GET networkInterfaces 200", json!(159)),
            ("/restart/requests", "DELETE privateEndpoints 202", json!(1)),
            ("/controllerKiB/idle", "resident", json!(20_481)),
            ("/controllerKiB/loaded", "resident", json!(40_961)),
            ("/controllerKiB", "loaded", Value::Null),
            ("/emulator/memoryKiB", "peak", json!(400_001)),
            ("/emulator", "lastPageMicroseconds", json!(3001)),
            ("/emulator", "records", json!(9_999)),
            ("/emulator", "getPerProcessorSecond", json!(2_999)),
            ("/emulator/putPerProcessorSecond", "privateEndpoints", json!(799)),
            ("/emulator", "startMilliseconds", json!(101)),
            ("/emulator", "endpoints", json!(9_999)),
        ] {
            let mut figures = good();
            figures.pointer_mut(pointer).unwrap()[key] = value;
            assert_eq!(broken(&figures).len(), 1, "{pointer} {key}");
        }
    }
}
