//! `result.json`: the contract as text.

use super::ReportError;
use crate::result::{FORMAT, ResultFile};

/// Writes a result as indented JSON with a final newline: fields in the order of the types, floats as short as
/// they can be while reading back as the same bits.
///
/// # Errors
///
/// When a number that must be there is not finite, as JSON cannot say so.
pub fn to_bytes(result: &ResultFile) -> Result<Vec<u8>, ReportError> {
    let mut bytes = serde_json::to_vec_pretty(result).map_err(unreadable)?;
    bytes.push(b'\n');
    from_bytes(&bytes)?;
    Ok(bytes)
}

/// Reads a result back.
///
/// # Errors
///
/// When the text is not a `result.json`, or one of another [`FORMAT`].
pub fn from_bytes(bytes: &[u8]) -> Result<ResultFile, ReportError> {
    let head: Head = serde_json::from_slice(bytes).map_err(unreadable)?;
    if head.format != FORMAT {
        return Err(ReportError::Format { found: head.format });
    }
    serde_json::from_slice(bytes).map_err(unreadable)
}

/// What every version of the contract has.
#[derive(serde::Deserialize)]
struct Head {
    format: u32,
}

#[expect(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
fn unreadable(error: serde_json::Error) -> ReportError {
    ReportError::Unreadable(error.to_string())
}
