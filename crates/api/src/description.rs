//! How the description of a field says what programs read too: its unit, its default, whether it can be changed, and what
//! Azure calls it.
//!
//! Such facts stand at the end of a description as sentences of a fixed form, in this order and each where it applies:
//! `Unit: seconds.`, then `Default: 300.` or, for the members of a union, `One of id and alias.`, then `Immutable.`, then
//! `Azure: properties.ttl.` People read them in `kubectl explain`, tests hold them against the schema, and the reference
//! in docs/kinds makes columns of them. This module reads the form; it never writes a description.

/// A description, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Description<'a> {
    /// What the field is, in words.
    pub text: &'a str,
    /// What a number counts or is measured in.
    pub unit: Option<&'a str>,
    /// What a field that is left out amounts to.
    pub default: Option<&'a str>,
    /// The members of the union that the field is one of.
    pub one_of: Vec<&'a str>,
    /// Whether the field cannot be changed after creation.
    pub immutable: bool,
    /// What Azure calls it; several where it depends on the value, or where one field has several places.
    pub azure: Vec<AzureName<'a>>,
}

/// A place in the body of a resource in Azure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AzureName<'a> {
    /// As in `properties.ipConfigurations[].name`; `[]` stands for every element of a list.
    pub path: &'a str,
    /// The last part of the resource's type, where it is another resource than the object's own: `networkInterfaces`.
    pub resource: Option<&'a str>,
    /// Which part of the place, or for which value of the field.
    pub note: Option<&'a str>,
}

impl<'a> Description<'a> {
    /// Reads a description; what does not have the form stays in `text`.
    pub fn read(description: &'a str) -> Self {
        let mut read = Description::default();
        let mut text = description.trim();
        if let Some((rest, names)) = last_sentence(text, "Azure: ") {
            read.azure = names.split(", ").map(AzureName::read).collect();
            text = rest;
        }
        if let Some(rest) = text.strip_suffix("Immutable.") {
            read.immutable = true;
            text = rest.trim_end();
        }
        if let Some((rest, default)) = last_sentence(text, "Default: ") {
            read.default = Some(default);
            text = rest;
        }
        if let Some((rest, members)) = last_sentence(text, "One of ") {
            read.one_of = members
                .split(", ")
                .flat_map(|member| member.split(" and "))
                .collect();
            text = rest;
        }
        if let Some((rest, unit)) = last_sentence(text, "Unit: ") {
            read.unit = Some(unit);
            text = rest;
        }
        read.text = text;
        read
    }
}

impl<'a> AzureName<'a> {
    fn read(text: &'a str) -> Self {
        let (text, note) = match text.split_once(" (") {
            Some((text, note)) => (text, note.strip_suffix(')')),
            None => (text, None),
        };
        let (path, resource) = match text.split_once(" of ") {
            Some((path, resource)) => (path, Some(resource)),
            None => (text, None),
        };
        AzureName { path, resource, note }
    }
}

/// The last sentence where it begins with these words: what is before it, and the rest of it without its full stop.
fn last_sentence<'a>(text: &'a str, begin: &str) -> Option<(&'a str, &'a str)> {
    let at = text.rfind(begin)?;
    let (before, sentence) = text.split_at_checked(at)?;
    let begins_a_sentence = before.is_empty() || before.ends_with(". ");
    let rest = sentence.strip_prefix(begin)?.strip_suffix('.')?;
    (begins_a_sentence && !rest.contains(". ")).then(|| (before.trim_end(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fact_is_read_and_the_words_are_left() {
        let read = Description::read(
            "How long. As Azure says it. Unit: seconds. Default: 300, i.e. five minutes. Immutable. Azure: properties.ttl.",
        );
        assert_eq!(
            read.text,
            "How long. As Azure says it. Unit: seconds. Default: 300, i.e. five minutes."
        );
        let read = Description::read(
            "How long. As Azure says it. Unit: seconds. Default: the zone's (300). Immutable. Azure: properties.ttl.",
        );
        assert_eq!(read.text, "How long. As Azure says it.");
        assert_eq!(read.unit, Some("seconds"));
        assert_eq!(read.default, Some("the zone's (300)"));
        assert!(read.immutable && read.one_of.is_empty());
        let name = AzureName {
            path: "properties.ttl",
            resource: None,
            note: None,
        };
        assert_eq!(read.azure, [name]);
    }

    #[test]
    fn unions_and_places_in_other_resources_are_read() {
        let read = Description::read(
            "An id. One of id, alias and name. Azure: a.b[] of networkInterfaces, id (after b).",
        );
        assert_eq!(read.text, "An id.");
        assert_eq!(read.one_of, ["id", "alias", "name"]);
        let name = |path, resource, note| AzureName { path, resource, note };
        assert_eq!(
            read.azure,
            [
                name("a.b[]", Some("networkInterfaces"), None),
                name("id", None, Some("after b"))
            ]
        );
    }

    #[test]
    fn words_alone_stay_words() {
        let text = "What no Default: says, and one that is not the last. Default: none. Or so.";
        assert_eq!(Description::read(text).text, text);
    }
}
