//! How long something takes to start: one span, or its parts by name.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::{Deserialize, Serialize};
use tars_policy::units::Span;

/// The time of a start: one span, or its parts by name, one after another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartSpec {
    /// In one.
    Whole(Span),
    /// Part by part.
    Parts(IndexMap<String, Span>),
}

impl StartSpec {
    /// From the first part's beginning to the last one's end.
    pub fn total(&self) -> Span {
        match self {
            Self::Whole(span) => *span,
            Self::Parts(parts) => parts.values().fold(Span::ZERO, |sum, part| sum.saturating_add(*part)),
        }
    }
}

impl Serialize for StartSpec {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Whole(span) => span.serialize(serializer),
            Self::Parts(parts) => parts.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for StartSpec {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = StartSpec;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a span with its unit, or an object of named spans")
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<StartSpec, E> {
                text.parse().map(StartSpec::Whole).map_err(E::custom)
            }
            fn visit_map<A: serde::de::MapAccess<'de>>(self, parts: A) -> Result<StartSpec, A::Error> {
                IndexMap::deserialize(MapAccessDeserializer::new(parts)).map(StartSpec::Parts)
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl JsonSchema for StartSpec {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StartSpec".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let span = generator.subschema_for::<Span>();
        schemars::json_schema!({
            "description": "A span, or the parts of a start by name, which follow one another",
            "anyOf": [span, {"type": "object", "additionalProperties": span}]
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_is_a_span_or_the_sum_of_its_parts() {
        let read = |text: &str| serde_json::from_str::<StartSpec>(text);
        assert_eq!(read("\"3s\"").expect("a span").total(), Span::from_secs(3));
        let text = r#"{"weights":"1.5s","context":"800ms"}"#;
        let parts = read(text).expect("two parts");
        assert_eq!(parts.total(), Span::from_millis(2_300));
        assert_eq!(serde_json::to_string(&parts).expect("it is written"), text);
        assert!(read("3").is_err() && read(r#"{"weights":3}"#).is_err() && read("\"3\"").is_err());
    }
}
