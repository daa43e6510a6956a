from control_plane.inquiry.entitled import entitled
from control_plane.principal import Permission


def who(history, at=None, permission=Permission.RELEASES_FORWARD):
    found = history.ask(entitled, at or history.now(), permission)
    return {each.id: each.keys for each in found}


def member(history, person, verb, before, **after):
    return history.write(
        "ada",
        f"person:{verb}",
        f"person:{person}",
        before=before,
        after={**(before or {}), **after},
    )


def test_roles_of_a_day_are_derived_again(history):
    manager = {"roles": ["release_manager"], "disabled_at": None}
    member(history, "mia", "create", None, **manager)
    member(history, "leo", "create", None, roles=["approver"], disabled_at=None)
    hired = history.now()
    assert who(history) == {"mia": ()}
    assert list(who(history, permission=Permission.RELEASES_APPROVE)) == ["leo"]
    member(history, "leo", "edit", {"roles": ["approver"]}, roles=["release_manager"])
    assert list(who(history)) == ["leo", "mia"]
    member(history, "mia", "disable", manager, disabled_at=history.now())
    assert list(who(history)) == ["leo"]
    member(history, "mia", "enable", {"disabled_at": history.now()}, disabled_at=None)
    assert list(who(history)) == ["leo", "mia"]
    assert who(history, hired) == {"mia": ()}
    assert who(history, "2026-10-31T00:00:00.000000Z") == {}


def test_keys_that_were_good_then_are_named(history):
    member(history, "mia", "create", None, roles=["release_manager"], disabled_at=None)
    key = {"person": "mia", "service": None, "revoked_at": None, "expires_at": None}
    history.write("ada", "key:create", "key:k1", after=key)
    later = {**key, "expires_at": "2026-11-02T00:00:00.000000Z"}
    history.write("ada", "key:create", "key:k2", after=later)
    made = history.now()
    assert who(history) == {"mia": ("k1", "k2")}
    history.minute += 1440
    assert who(history) == {"mia": ("k1",)}
    history.write(
        "ada", "key:revoke", "key:k1", before=key, after={**key, "revoked_at": history.now()}
    )
    assert who(history) == {"mia": ()}
    assert who(history, made) == {"mia": ("k1", "k2")}


def test_services_count_while_they_have_a_key(history):
    permission = Permission.SEGMENTS_WRITE
    assert who(history, permission=permission) == {}
    key = {"person": None, "service": "gateway", "revoked_at": None, "expires_at": None}
    history.write("ada", "key:create", "key:g", after=key)
    assert who(history, permission=permission) == {"gateway": ("g",)}


def test_a_role_this_release_does_not_know_gives_nothing(history):
    member(history, "mia", "create", None, roles=["emperor"], disabled_at=None)
    assert who(history) == {}
