"""The account behind Wechaty. The only importer of wechaty; translates its objects at the door.

Importing any module of this package mends wechaty first, so none can forget to.
"""

from __future__ import annotations

from wechat import compat as compat
