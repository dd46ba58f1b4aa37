"""Every kind of motion there is."""

from collections.abc import Mapping

from policy.two_people import MotionKind
from services.corrections import CORRECTION
from services.importing.loading import LOAD
from services.importing.undoing import UNDO
from services.motions.moving import MotionType
from services.roles import ROLE
from services.sheets import UNLOCK

TYPES: Mapping[MotionKind, MotionType] = {each.kind: each for each in (CORRECTION, UNDO, LOAD, ROLE, UNLOCK)}
