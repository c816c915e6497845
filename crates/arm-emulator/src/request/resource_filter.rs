//! The `$filter` of `/resources`: conditions on what every resource has, joined by `and`.

use serde_json::Value;

use crate::request::errors::Failure;
use crate::state::record::Record;
use crate::targets::squeezed;

/// Conditions that all have to hold.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Filter(Vec<Condition>);

#[derive(Debug, PartialEq, Eq)]
struct Condition {
    field: String,
    wanted: String,
    equal: bool,
}

impl Filter {
    /// Reads `resourceType eq 'Microsoft.Network/privateEndpoints' and tagName eq 'team' and tagValue eq 'network'`.
    ///
    /// # Errors
    /// ARM's refusal, for anything but `eq` and `ne` on `resourceType`, `name`, `location`, `resourceGroup`, `tagName` and
    /// `tagValue`.
    pub(crate) fn parse(text: &str) -> Result<Self, Failure> {
        if text.trim().is_empty() {
            return Ok(Filter(Vec::new()));
        }
        let mut conditions = Vec::new();
        for part in text.split(" and ") {
            conditions.push(condition(part.trim()).ok_or_else(|| refused(text))?);
        }
        Ok(Filter(conditions))
    }

    /// Reads the filter of a list of resource groups.
    ///
    /// ARM behaviour: groups are chosen by one tag, with or without its value, and by nothing else.
    ///
    /// # Errors
    /// ARM's refusal.
    pub(crate) fn of_groups(text: &str) -> Result<Self, Failure> {
        let refused = || {
            Failure::gateway(
                400,
                "InvalidFilterInQueryString",
                format!("Invalid $filter '{text}' specified in the query string."),
            )
        };
        let filter = Filter::parse(text).map_err(|_| refused())?;
        let count = |field: &str| filter.0.iter().filter(|one| one.field == field).count();
        let (names, values) = (count("tagname"), count("tagvalue"));
        let by_one_tag = names == 1 && values <= 1 && names + values == filter.0.len();
        if filter.0.is_empty() || by_one_tag {
            Ok(filter)
        } else {
            Err(refused())
        }
    }

    /// Whether a resource meets all conditions.
    pub(crate) fn admits(&self, record: &Record) -> bool {
        let value_of = |name: &str| {
            self.0
                .iter()
                .find(|condition| condition.field == name)
                .map(|condition| condition.wanted.as_str())
        };
        self.0.iter().all(|condition| {
            let wanted = condition.wanted.as_str();
            let holds = match condition.field.as_str() {
                "resourcetype" => record.resource_type.eq_ignore_ascii_case(wanted),
                "name" => record.name().eq_ignore_ascii_case(wanted),
                "location" => squeezed(record.location().unwrap_or_default()) == squeezed(wanted),
                "resourcegroup" => record
                    .id
                    .split('/')
                    .nth(4)
                    .is_some_and(|group| group.eq_ignore_ascii_case(wanted)),
                "tagname" => has_tag(record, Some(wanted), value_of("tagvalue")),
                _ => has_tag(record, value_of("tagname"), Some(wanted)),
            };
            holds == condition.equal
        })
    }
}

fn condition(text: &str) -> Option<Condition> {
    let (field, rest) = text.split_once(' ')?;
    let (operator, value) = rest.trim().split_once(' ')?;
    let field = field.to_ascii_lowercase();
    let known = [
        "resourcetype",
        "name",
        "location",
        "resourcegroup",
        "tagname",
        "tagvalue",
    ];
    let equal = match operator {
        "eq" => true,
        "ne" if !field.starts_with("tag") => false,
        _ => return None,
    };
    let wanted = value
        .trim()
        .strip_prefix('\'')?
        .strip_suffix('\'')?
        .replace("''", "'");
    known
        .contains(&field.as_str())
        .then_some(Condition { field, wanted, equal })
}

fn has_tag(record: &Record, name: Option<&str>, value: Option<&str>) -> bool {
    record
        .body
        .get("tags")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
        .any(|(tag, found)| {
            name.is_none_or(|name| tag.eq_ignore_ascii_case(name))
                && value.is_none_or(|value| found.as_str() == Some(value))
        })
}

fn refused(text: &str) -> Failure {
    Failure::gateway(
        400,
        "InvalidFilterInQueryString",
        format!(
            "Invalid $filter '{text}' specified in the query string. The emulator knows eq and ne on resourceType, name, location and resourceGroup, and eq on tagName and tagValue, joined by and."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_or_refused() {
        let filter = Filter::parse("resourceType eq 'A/b' and name ne 'it''s'").unwrap();
        assert_eq!(
            filter.0,
            vec![
                Condition {
                    field: "resourcetype".into(),
                    wanted: "A/b".into(),
                    equal: true
                },
                Condition {
                    field: "name".into(),
                    wanted: "it's".into(),
                    equal: false
                },
            ]
        );
        assert_eq!(Filter::parse(" ").unwrap(), Filter(Vec::new()));
        for bad in [
            "x",
            "name eq x",
            "substringof('a', name)",
            "colour eq 'red'",
            "name like 'x'",
        ] {
            assert_eq!(
                Filter::parse(bad).unwrap_err().code,
                "InvalidFilterInQueryString",
                "{bad}"
            );
        }
    }
}
