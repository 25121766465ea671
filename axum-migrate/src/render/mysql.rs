use super::Script;
use crate::error::Error;
use crate::op::Op;
use crate::schema::Schema;
pub(super) fn render(_ops: &[Op], _from: &Schema) -> Result<Script, Error> {
    Ok(Script::default())
}
