//! YAML with its fields in the order of their writer.

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

/// A part of a document.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Map(Vec<(&'static str, Node)>),
    List(Vec<Node>),
    Value(Value),
}

impl Node {
    /// A map of what there is: fields without a value are left out.
    pub(super) fn map(fields: impl IntoIterator<Item = (&'static str, Option<Node>)>) -> Node {
        let given = fields.into_iter().filter_map(|(name, node)| Some((name, node?)));
        Node::Map(given.collect())
    }

    /// A list, if anything is in it.
    pub(super) fn list(nodes: Vec<Node>) -> Option<Node> {
        (!nodes.is_empty()).then_some(Node::List(nodes))
    }

    pub(super) fn text(text: impl Into<String>) -> Option<Node> {
        Some(Node::Value(Value::String(text.into())))
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Node::Map(fields) => {
                let mut map = serializer.serialize_map(Some(fields.len()))?;
                for (name, node) in fields {
                    map.serialize_entry(name, node)?;
                }
                map.end()
            }
            Node::List(nodes) => serializer.collect_seq(nodes),
            Node::Value(value) => value.serialize(serializer),
        }
    }
}
