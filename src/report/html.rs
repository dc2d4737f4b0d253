//! page
use super::ReportError;
use crate::result::ResultFile;
/// f
pub fn page(_r: &ResultFile) -> Result<Vec<u8>, ReportError> { Ok(vec![]) }
