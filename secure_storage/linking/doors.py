"""How a custodian gets into the linking store: making it, being let in, or with its kit."""

import secrets

from ..errors import BadInput, NotAllowed
from ..recovery import read_kit
from ..study import Study
from . import replaced, shared
from . import seals as seals_of
from .linking import NOT_ADMITTED, Linking
from .seals import KIT, Seals


def own_fingerprint(study: Study) -> str:
    """Give the fingerprint of a custodian's key before they are let in."""
    study.require("linking")
    return seals_of.fingerprint(study._secret.public_key().public_bytes_raw())


def create_linking(study: Study) -> Linking:
    """Make the linking store; whoever does is its first custodian."""
    study.require("linking")
    if shared.read_seals(study) is not None:
        raise BadInput("This study has a linking store already. Ask a custodian to let you in.")
    root, header = secrets.token_bytes(32), study._core.header
    public = study._secret.public_key().public_bytes_raw()
    seals = Seals(header.study_id, 0, ()).sealed_to(study.member.id, public, root)
    with study.change("linking") as change:
        shared.make_files(study.home, root, seals)
        shared.remember(change, seals)
        replaced.publish_key(change, root)
        change.record("linking.created", "linking")
    return open_linking(study)


def open_linking(study: Study) -> Linking:
    """Open the linking store for a custodian to whom it is sealed; cheap when it is open."""
    study.require("linking")
    already = shared.session(study)
    if already is not None:
        return already
    seals, mac = _present_seals(study)
    root = seals.opened(study.member.id, study._secret)
    if root is None:
        raise NotAllowed(NOT_ADMITTED)
    seals_of.check_mac(seals, mac, root)
    linking = shared.join(study, root, seals, Linking)
    linking.note_opened()
    return linking


def recover_linking(study: Study, kit: str) -> Linking:
    """Open the store with its printed kit, for a custodian whom nobody can let in."""
    study.require("linking")
    seals, mac = _present_seals(study)
    root = seals.opened(KIT, read_kit(kit))
    if root is None:
        raise BadInput(
            "This recovery kit is not the present one of the linking store. A newer kit "
            "replaces the older; look for the last one that was printed."
        )
    seals_of.check_mac(seals, mac, root)
    linking = shared.join(study, root, seals, Linking)
    try:
        public = study._secret.public_key().public_bytes_raw()
        own = study.member.id
        linking.save_seals(
            lambda seals, root: seals.sealed_to(own, public, root),
            "linking.kit_used", f"member:{own}",
        )  # fmt: skip
        linking.note_opened()
    except BaseException:
        linking.close()
        raise
    return linking


def _present_seals(study: Study) -> tuple[Seals, str]:
    found = shared.read_seals(study)
    if found is None:
        raise BadInput("This study has no linking store yet. A custodian can create it.")
    return found
