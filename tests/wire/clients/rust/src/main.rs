//! The Rust client against sio-conformance: `check polling|websocket|upgrade URL`. Exits 0 when
//! every check held; says which one did not.

use rust_socketio::client::Client;
use rust_socketio::{ClientBuilder, Event, Payload, RawClient, TransportType};
use serde_json::{json, Value};
use std::env;
use std::process::exit;
use std::sync::mpsc::{channel, Receiver, Sender};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

fn fail(what: String) -> ! {
    eprintln!("{what}");
    exit(1);
}

fn expect(what: &str, found: Payload, wanted: Payload) {
    if found != wanted {
        fail(format!("{what}: {found:?} is not {wanted:?}"));
    }
}

fn wait(what: &str, from: &Receiver<Payload>) -> Payload {
    from.recv_timeout(LIMIT)
        .unwrap_or_else(|_| fail(format!("{what} did not come")))
}

/// A callback for a channel's sender.
fn into(to: Sender<Payload>) -> impl FnMut(Payload, RawClient) + Send + 'static {
    move |payload, _| {
        let _ = to.send(payload);
    }
}

fn emit(client: &Client, event: &str, payload: impl Into<Payload>) {
    if let Err(error) = client.emit(event, payload) {
        fail(format!("{event} was not sent: {error}"));
    }
}

fn ask(client: &Client, event: &str, payload: impl Into<Payload>) -> Payload {
    let (to, answer) = channel();
    if let Err(error) = client.emit_with_ack(event, payload, LIMIT, into(to)) {
        fail(format!("{event} was not sent: {error}"));
    }
    wait(&format!("the ack of {event}"), &answer)
}

fn values(list: Value) -> Payload {
    match list {
        Value::Array(list) => Payload::Text(list),
        other => Payload::Text(vec![other]),
    }
}

fn main() {
    let arguments: Vec<String> = env::args().collect();
    let transport = match arguments[1].as_str() {
        "polling" => TransportType::Polling,
        "websocket" => TransportType::Websocket,
        _ => TransportType::WebsocketUpgrade,
    };
    let (to_greeting, greeting) = channel();
    let (to_back, back) = channel();
    let (to_said, said) = channel();
    let (to_gone, gone) = channel();
    let client = ClientBuilder::new(arguments[2].as_str())
        .transport_type(transport)
        .reconnect(false)
        .auth(json!({"token": "secret"}))
        .on("auth", into(to_greeting))
        .on("message-back", into(to_back))
        .on("said", into(to_said))
        .on(Event::Close, into(to_gone))
        .connect()
        .unwrap_or_else(|error| fail(format!("there is no connection: {error}")));

    expect(
        "the greeting",
        wait("the greeting", &greeting),
        values(json!([{"token": "secret"}])),
    );

    let three = json!([1, "ü", {"three": true}]);
    emit(&client, "message", values(three.clone()));
    expect("an event", wait("an event", &back), values(three));
    expect(
        "an ack",
        ask(&client, "message-with-ack", "x"),
        values(json!([["x"]])),
    );
    expect(
        "the first of two acks",
        ask(&client, "twice-ack", values(json!([]))),
        values(json!([["first"]])),
    );

    // This client knows binary events of one argument alone.
    emit(&client, "message", vec![1_u8, 2, 255]);
    expect(
        "bytes",
        wait("bytes", &back),
        Payload::from(vec![1_u8, 2, 255]),
    );

    expect("a room", ask(&client, "join", "r"), values(json!([["ok"]])));
    emit(&client, "say", values(json!(["r", "hello"])));
    expect(
        "what is said in it",
        wait("what is said", &said),
        values(json!(["hello"])),
    );

    emit(&client, "kick", json!(true));
    wait("the end", &gone);
}
