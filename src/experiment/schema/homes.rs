//! Where the agents of a pool live: in nodes of one kind, or of several.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Kinds of nodes by their name: one, or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Homes(pub Vec<String>);

impl Homes {
    /// Whether no nodes are named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Serialize for Homes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [only] => serializer.serialize_str(only),
            several => several.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Homes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Homes;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the name of nodes or a list of names")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Homes, E> {
                Ok(Homes(vec![text.to_owned()]))
            }
            fn visit_unit<E: serde::de::Error>(self) -> Result<Homes, E> {
                Ok(Homes::default())
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut names: A) -> Result<Homes, A::Error> {
                let mut homes = Homes::default();
                while let Some(name) = names.next_element()? {
                    homes.0.push(name);
                }
                Ok(homes)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for Homes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Homes".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The name of nodes, or a list of names",
            "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}, {"type": "null"}]
        })
    }
}
