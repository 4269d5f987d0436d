use super::*;
use super::{address::parse, message};
use lapin::BasicProperties;
use lapin::uri::AMQPScheme;
use proptest::prelude::*;
use schemas::TaskId;
use uuid::Uuid;

#[test]
fn addresses_are_taken_or_refused() {
    for (url, allow_plaintext, expected) in [
        (
            "amqp://u:p@127.0.0.1:5673",
            false,
            Ok(("127.0.0.1", 5673, "/")),
        ),
        (
            "amqp://u:p@127.9.9.9/%2f",
            false,
            Ok(("127.9.9.9", 5672, "/")),
        ),
        ("amqp://localhost/", false, Ok(("localhost", 5672, "/"))),
        ("amqp://[::1]/clinic", false, Ok(("::1", 5672, "clinic"))),
        (
            "amqps://broker.example",
            false,
            Ok(("broker.example", 5671, "/")),
        ),
        (
            "amqps://[2001:db8::1]",
            false,
            Ok(("2001:db8::1", 5671, "/")),
        ),
        (
            "amqp://broker.example",
            true,
            Ok(("broker.example", 5672, "/")),
        ),
        ("amqp://broker.example", false, Err("plaintext")),
        ("amqp://[2001:db8::1]", false, Err("plaintext")),
        ("amqp://127.0.0.1.example", false, Err("plaintext")),
        ("amqp://localhost.example", false, Err("plaintext")),
        ("amqp://10.0.0.1", false, Err("plaintext")),
        ("https://u:secret@127.0.0.1", false, Err("amqps://")),
        ("u:secret@127.0.0.1", false, Err("amqps://")),
        ("amqp:secret", false, Err("no host")),
        (
            "amqp://u:secret@127.0.0.1/?heartbeat=x",
            false,
            Err("broker"),
        ),
        ("", false, Err("not a URL")),
    ] {
        let settings = RabbitSettings {
            allow_plaintext,
            ..RabbitSettings::new(url)
        };
        match (parse(&settings), expected) {
            (Ok(uri), Ok((host, port, vhost))) => {
                assert_eq!(uri.authority.host, host, "{url}");
                assert_eq!(uri.authority.port, port, "{url}");
                assert_eq!(uri.vhost, vhost, "{url}");
                let secure = uri.scheme == AMQPScheme::AMQPS;
                assert_eq!(secure, url.starts_with("amqps"), "{url}");
                assert_eq!(uri.query.heartbeat, Some(10), "{url}");
            }
            (Err(error), Err(reason)) => {
                let said = error.to_string();
                assert!(said.contains(reason), "{url}: {said}");
                assert!(!said.contains("secret"), "{url}: {said}");
            }
            (found, _) => panic!("{url}: {found:?}"),
        }
    }
}

#[test]
fn a_notice_comes_back_as_it_was_sent() {
    for traceparent in [None, Some("00-4bf9-00f0-01".to_owned())] {
        let notice = Notice {
            task: TaskId(Uuid::from_u128(7)),
            traceparent,
        };
        let properties = message::properties(&notice);
        assert_eq!(properties.delivery_mode(), &Some(2));
        let read = message::read(&message::body(&notice), &properties);
        assert_eq!(read, Some(notice));
    }
}

#[test]
fn a_trace_that_is_too_long_or_no_text_is_passed_over() {
    let read = |trace: &[u8]| {
        Notice::of_message(&[7; 16], Some(trace))
            .unwrap()
            .traceparent
    };
    assert_eq!(read(b"00-4bf9-00f0-01").as_deref(), Some("00-4bf9-00f0-01"));
    assert_eq!(read(&[b'a'; 220]).map(|trace| trace.len()), Some(220));
    assert_eq!(read(&[b'a'; 221]), None);
    assert_eq!(read(&[0xff; 9]), None);
}

#[test]
fn only_an_id_is_a_notice() {
    let text = "6f1d7a3e-0000-4000-8000-000000000001";
    let none = BasicProperties::default();
    let read = |body: &[u8]| message::read(body, &none).map(|n| n.task.to_string());
    assert_eq!(read(text.as_bytes()), Some(text.to_owned()));
    for body in [
        &b""[..],
        b"fifteen bytes..",
        b"seventeen bytes..",
        &[0xff; 36],
    ] {
        assert_eq!(read(body), None, "{body:?}");
    }
}

proptest! {
    #[test]
    fn noise_is_an_id_or_no_notice(
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..64),
            "[{u]?[0-9a-f-]{0,45}[}]?".prop_map(String::into_bytes),
        ],
    ) {
        let read = message::read(&body, &BasicProperties::default());
        // As bytes, or as text in one of the four ways of writing a UUID.
        prop_assert!(read.is_none() || [16, 32, 36, 38, 45].contains(&body.len()));
        prop_assert!(body.len() != 16 || read.is_some());
    }
}

#[test]
fn each_stage_and_priority_has_a_queue() {
    let names: Vec<String> = Names("medbot.v1".into()).all().collect();
    assert!(names.contains(&"medbot.v1.recognise:paddle.urgent".to_owned()));
    assert_eq!(names.len(), Stage::ALL.len() * Priority::ALL.len());
}
