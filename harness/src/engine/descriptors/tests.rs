use super::*;

#[test]
fn a_label_is_taken_until_it_is_closed() {
    let mut table = Descriptors::default();
    assert_eq!(table.live(3), Err("no descriptor has the label 3".into()));
    table.bind(3, Fd(10)).unwrap();
    assert_eq!(table.live(3), Ok(Fd(10)));
    assert_eq!(table.bind(3, Fd(11)), Err("descriptor label 3 is in use already".into()));
    table.close(3);
    assert_eq!(table.live(3), Err("descriptor label 3 was closed".into()));
    table.bind(3, Fd(11)).unwrap();
    assert_eq!(table.live(3), Ok(Fd(11)));
}

#[test]
fn accept_may_take_a_label_over() {
    let mut table = Descriptors::default();
    table.rebind(4, Fd(10));
    table.rebind(4, Fd(11));
    assert_eq!(table.live(4), Ok(Fd(11)));
    assert_eq!(table.label(Fd(11)), Some(4));
    assert_eq!(table.label(Fd(10)), None);
}

#[test]
fn closing_what_is_not_there_does_nothing() {
    let mut table = Descriptors::default();
    table.close(3);
    assert_eq!(table.live(3), Err("no descriptor has the label 3".into()));
}

#[test]
fn a_closed_descriptor_has_no_label() {
    let mut table = Descriptors::default();
    table.bind(3, Fd(10)).unwrap();
    table.close(3);
    assert_eq!(table.label(Fd(10)), None);
}
