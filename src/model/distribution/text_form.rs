//! How a law is written: a choice tagged by its name, or a bare quantity that it always gives.

use core::fmt;
use core::marker::PhantomData;

use schemars::Schema;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{self, Deserialize, Deserializer, IntoDeserializer, MapAccess, Visitor};
use serde::ser::{Serialize, Serializer};

use super::Law;

impl<Q: Serialize> Serialize for Law<Q> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

impl<'de, Q: Deserialize<'de>> Deserialize<'de> for Law<Q> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(LawVisitor(PhantomData))
    }
}

/// Tells a bare quantity from a tagged choice; a choice goes on to the derived code, which keeps its path.
struct LawVisitor<Q>(PhantomData<Q>);

impl<'de, Q: Deserialize<'de>> Visitor<'de> for LawVisitor<Q> {
    type Value = Law<Q>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a law such as {\"exponential\": {\"mean\": …}}, or a bare quantity")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Law<Q>, E> {
        let text: StrDeserializer<'_, E> = text.into_deserializer();
        Q::deserialize(text).map(|value| Law::Deterministic { value })
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Law<Q>, E> {
        Q::deserialize(number.into_deserializer()).map(|value| Law::Deterministic { value })
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Law<Q>, E> {
        Q::deserialize(number.into_deserializer()).map(|value| Law::Deterministic { value })
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Law<Q>, E> {
        Q::deserialize(number.into_deserializer()).map(|value| Law::Deterministic { value })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Law<Q>, A::Error> {
        Law::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Adds to a law's schema what a bare quantity looks like: whatever `deterministic.value` does.
pub(super) fn add_bare_quantity(schema: &mut Schema) {
    let Some(choices) = schema.get_mut("oneOf").and_then(|choices| choices.as_array_mut()) else { return };
    let value =
        choices.iter().find_map(|choice| choice.pointer("/properties/deterministic/properties/value"));
    if let Some(mut value) = value.cloned() {
        if let Some(value) = value.as_object_mut() {
            let words = "The law that always gives this: short for deterministic.";
            value.insert("description".into(), words.into());
        }
        choices.insert(0, value);
    }
}
