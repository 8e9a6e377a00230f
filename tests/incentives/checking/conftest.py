from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

spec = spec_from_file_location("broken", Path(__file__).with_name("broken.py"))
sys.modules["broken"] = module_from_spec(spec)  # the tests beside it import it by this name
spec.loader.exec_module(sys.modules["broken"])
