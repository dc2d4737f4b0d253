//! Connections to a station.

use super::check_law_option;
use crate::experiment::diagnostic::Diagnostics;
use crate::experiment::path::Path;
use crate::experiment::schema::SocketsSpec;
use crate::experiment::tree::Tree;
use crate::model::sockets::Sockets;
use tars_policy::units::Span;

/// The connections of the station at `path`.
pub(super) fn sockets(
    tree: &Tree,
    path: &Path,
    spec: Option<&SocketsSpec>,
    diagnostics: &mut Diagnostics,
) -> Option<Sockets> {
    let spec = spec?;
    let path = path.key("sockets");
    for (field, count) in [("max", spec.max), ("streams", spec.streams)] {
        if count == 0 {
            diagnostics.out_of_range(tree, &path.key(field), "this number", 0.0, "at least 1");
        }
    }
    check_law_option(tree, &path.key("handshake"), spec.handshake.as_ref(), diagnostics);
    if spec.idle_timeout.is_some_and(Span::is_zero) {
        let hint = "set `\"keep_alive\": false`, or leave it out";
        diagnostics.senseless(tree, &path.key("idle_timeout"), "no connection would be used again", hint);
    }
    let kept = [("max_free", spec.max_free.is_some()), ("idle_timeout", spec.idle_timeout.is_some())];
    for (field, _) in kept.iter().filter(|(_, given)| *given && !spec.keep_alive) {
        let message = format!("connections are not kept, so `{field}` means nothing");
        diagnostics.senseless(tree, &path.key(*field), message, "leave it out, or keep connections alive");
    }
    Some(Sockets {
        max: spec.max,
        max_free: spec.max_free.unwrap_or(u32::MAX),
        keep_alive: spec.keep_alive,
        idle_timeout: spec.idle_timeout,
        handshake: spec.handshake.clone(),
        streams: spec.streams,
    })
}
