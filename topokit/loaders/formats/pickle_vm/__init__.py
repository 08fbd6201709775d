"""An inert pickle machine: it follows the opcodes of a pickle and never imports, looks up or calls what they name.

Every global becomes a `Global`, a name and no more. Calls of the few names in a closed table run topokit's own
functions; calls of any other name become a `Placeholder`. A call of a name that could run code, such as
``os.system``, is reported as an attack although it does nothing here.
"""

from topokit.loaders.formats.pickle_vm.constructors import CONSTRUCTORS, Constructors
from topokit.loaders.formats.pickle_vm.machine import Machine
from topokit.loaders.formats.pickle_vm.values import Global, Placeholder

__all__ = ["CONSTRUCTORS", "Constructors", "Global", "Machine", "Placeholder"]
