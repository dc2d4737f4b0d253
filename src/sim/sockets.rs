//! Connections to stations: who has one, who opens one, who waits for one.
//!
//! A call takes a stream of a connection before it meets the station, and gives it back with the answer. Of the
//! connections with a stream to spare the one with the most calls is taken, of equals the one used last: the others become
//! idle and are closed. What is idle for too long is closed when somebody next looks for a connection, which nobody can
//! tell from closing it at once.

use super::event::Event;
use super::ledger::Part;
use super::probe::count;
use super::strand::{NONE, Phase, uses};
use super::world::{FAR, World};
use crate::engine::Ticket;
use crate::model::Model;
use crate::model::sockets::Sockets as SocketsModel;
use std::collections::VecDeque;

/// The connections to all stations.
pub(super) struct Sockets {
    /// Whether any station has some.
    pub(super) any: bool,
    /// By station.
    of: Vec<Option<Connections>>,
    /// By strand, the station and the connection whose stream it has; `NONE` without.
    held: Vec<(u16, u32)>,
}

/// The connections to a station.
#[derive(Default)]
struct Connections {
    all: Vec<Connection>,
    /// How many are open or being opened.
    open: u32,
    line: VecDeque<u32>,
    /// Opened for measured tasks.
    opened: u64,
}

/// A connection, or a place for one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Connection {
    state: State,
    calls: u32,
    /// When its last call ended.
    idle_since: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Closed,
    Opening,
    Ready,
}

/// What becomes of a connection whose call has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// Its answer was read, or it was never used: it can be used again.
    Answered,
    /// The call was broken off: only other calls on it keep it open.
    BrokenOff,
}

/// What a call that asks for a connection gets.
enum Found {
    /// A stream of this connection.
    Stream(u32),
    /// This connection, once it is open.
    New(u32),
    /// Nothing yet.
    Wait,
}

impl Connections {
    /// Closes what has been idle for too long.
    fn close_idle(&mut self, now: u64, model: &SocketsModel) {
        let Some(timeout) = model.idle_timeout else { return };
        for connection in &mut self.all {
            let idle = connection.state == State::Ready && connection.calls == 0;
            if idle && now - connection.idle_since >= timeout.as_nanos() {
                connection.state = State::Closed;
                self.open -= 1;
            }
        }
    }

    /// The connection with a stream to spare, if there is one; it has one call more.
    fn take(&mut self, model: &SocketsModel) -> Option<u32> {
        let spare =
            |connection: &Connection| connection.state == State::Ready && connection.calls < model.streams;
        let open = self.all.iter().enumerate().filter(|(_, connection)| spare(connection));
        let best =
            open.max_by_key(|(place, found)| (found.calls, found.idle_since, std::cmp::Reverse(*place)));
        let place = best.map(|(place, _)| place)?;
        self.all[place].calls += 1;
        Some(number(place))
    }

    fn ask(&mut self, now: u64, model: &SocketsModel) -> Found {
        self.close_idle(now, model);
        if !self.line.is_empty() {
            return Found::Wait;
        }
        match self.take(model) {
            Some(place) => Found::Stream(place),
            None if self.open < model.max => Found::New(self.begin_to_open()),
            None => Found::Wait,
        }
    }

    fn begin_to_open(&mut self) -> u32 {
        let place = self.all.iter().position(|connection| connection.state == State::Closed);
        let place = place.unwrap_or_else(|| {
            self.all.push(Connection::default());
            self.all.len() - 1
        });
        self.all[place] = Connection { state: State::Opening, calls: 1, idle_since: 0 };
        self.open += 1;
        number(place)
    }

    /// A call on the connection is over.
    fn give_back(&mut self, now: u64, model: &SocketsModel, place: u32, after: After) {
        let connection = &mut self.all[place as usize];
        connection.calls -= 1;
        connection.idle_since = now;
        if connection.calls > 0 {
            return;
        }
        let kept = model.keep_alive
            && connection.state == State::Ready
            && (after == After::Answered || model.streams > 1);
        let free = |connection: &&Connection| connection.state == State::Ready && connection.calls == 0;
        let too_many = || number(self.all.iter().filter(free).count()) > model.max_free;
        if !kept || too_many() {
            self.all[place as usize].state = State::Closed;
            self.open -= 1;
        }
    }
}

/// A count of connections, of which there are fewer than 2^32.
fn number(count: usize) -> u32 {
    u32::try_from(count).expect("fewer connections than 2^32")
}

impl Sockets {
    pub(super) fn new(model: &Model) -> Self {
        let of = |station: &crate::model::Station| station.sockets.as_ref().map(|_| Connections::default());
        let of: Vec<_> = model.stations.iter().map(of).collect();
        Self { any: of.iter().any(Option::is_some), of, held: Vec::new() }
    }

    /// Whether calls of a station need a connection.
    pub(super) fn needed(&self, station: usize) -> bool {
        self.any && self.of[station].is_some()
    }

    /// Connections opened for measured tasks.
    pub(super) fn opened(&self, station: usize) -> u64 {
        self.of[station].as_ref().map_or(0, |connections| connections.opened)
    }

    fn hold(&mut self, id: u32, station: u16, connection: u32) {
        let place = id as usize;
        if self.held.len() <= place {
            self.held.resize(place + 1, (NONE, 0));
        }
        assert!(self.held[place].0 == NONE, "a strand makes one call at a time");
        self.held[place] = (station, connection);
    }

    fn of_station(&mut self, station: u16) -> &mut Connections {
        self.of[station as usize].as_mut().expect("only stations with connections are asked")
    }

    /// Calls on connections are calls that hold one.
    pub(super) fn audit(&self) {
        let on: u64 = self.of.iter().flatten().flat_map(|of| &of.all).map(|one| u64::from(one.calls)).sum();
        let held = self.held.iter().filter(|(station, _)| *station != NONE).count();
        assert_eq!(on, held as u64, "calls on connections are all accounted for");
    }
}

/// The connections of a station that has some.
fn sockets_of(model: &Model, station: u16) -> &SocketsModel {
    let sockets = model.stations[station as usize].sockets.as_ref();
    sockets.expect("only stations with connections are asked")
}

impl World<'_> {
    /// An attempt asks for a connection.
    #[inline(never)]
    pub(super) fn ask_for_socket(&mut self, id: u32) {
        let now = self.now;
        let station = self.strands.get(id).station;
        let model = sockets_of(&self.plan.model, station);
        match self.sockets.of_station(station).ask(now, model) {
            Found::Stream(place) => {
                self.sockets.hold(id, station, place);
                self.call_on_socket(id);
            }
            Found::New(place) => {
                self.sockets.hold(id, station, place);
                self.shake_hands(id);
            }
            Found::Wait => {
                self.sockets.of_station(station).line.push_back(id);
                self.wait_for_socket(id, Phase::SocketLine);
            }
        }
    }

    fn wait_for_socket(&mut self, id: u32, phase: Phase) {
        let strand = self.strands.get_mut(id);
        strand.phase = phase;
        strand.ledger.enter(self.now, Part::SocketWait);
        self.arm_timeout(id);
    }

    /// The connection that the strand holds is opened; where that takes no time it goes on later in the same moment.
    fn shake_hands(&mut self, id: u32) {
        self.wait_for_socket(id, Phase::Handshake);
        let strand = self.strands.get_mut(id);
        let station = strand.station;
        let law = self.plan.stations[station as usize].handshake.as_ref();
        let span = law.map_or(0, |law| law.sample_span(strand.draw(uses::HANDSHAKE)).as_nanos());
        strand.timer = self.agenda.schedule(self.now.saturating_add(span).min(FAR), Event::Wake(id));
        if strand.measured {
            count(&mut self.sockets.of_station(station).opened);
        }
    }

    /// The strand's connection is open: it goes on, and so do others for whom there is room on it.
    pub(super) fn socket_opens(&mut self, id: u32) {
        let (station, place) = self.sockets.held[id as usize];
        self.sockets.of_station(station).all[place as usize].state = State::Ready;
        self.serve_socket_line(station);
        self.call_on_socket(id);
    }

    /// The strand has its connection: the call meets the station.
    pub(super) fn call_on_socket(&mut self, id: u32) {
        let strand = self.strands.get_mut(id);
        strand.phase = Phase::Ready;
        strand.joined = self.now;
        self.meet_station(id);
    }

    /// Whoever waits gets what has become free, and goes on once whoever moves now has come to rest.
    fn serve_socket_line(&mut self, station: u16) {
        while !self.sockets.of_station(station).line.is_empty() {
            let model = sockets_of(&self.plan.model, station);
            let connections = self.sockets.of_station(station);
            let (place, is_new) = match connections.take(model) {
                Some(place) => (place, false),
                None if connections.open < model.max => (connections.begin_to_open(), true),
                None => return,
            };
            let id = connections.line.pop_front().expect("somebody waits");
            self.sockets.hold(id, station, place);
            if is_new {
                self.shake_hands(id);
            } else {
                self.ready.push_back(id);
            }
        }
    }

    /// The strand's call is over: its connection is free for others.
    #[inline(never)]
    pub(super) fn release_socket(&mut self, id: u32, after: After) {
        let Some(held) = self.sockets.held.get_mut(id as usize) else { return };
        let (station, place) = std::mem::replace(held, (NONE, 0));
        if station == NONE {
            return;
        }
        let now = self.now;
        let model = sockets_of(&self.plan.model, station);
        self.sockets.of_station(station).give_back(now, model, place, after);
        self.serve_socket_line(station);
    }

    /// The strand waits for a connection no longer.
    pub(super) fn leave_socket_line(&mut self, id: u32) {
        let strand = self.strands.get_mut(id);
        strand.timer = Ticket::NONE;
        let (station, phase) = (strand.station, strand.phase);
        let line = &mut self.sockets.of_station(station).line;
        let before = line.len();
        line.retain(|other| *other != id);
        if line.len() == before {
            // It has one already: unused, or not open yet.
            self.ready.retain(|other| *other != id);
            let after = if phase == Phase::Handshake { After::BrokenOff } else { After::Answered };
            self.release_socket(id, after);
        }
    }
}
