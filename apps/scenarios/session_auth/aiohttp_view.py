"""A page for those who may see it, aiohttp: what Django's session and auth apps do, by hand."""

import hmac
import os
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from psycopg import AsyncConnection

from apps.catalog.pool import database_pool, get_pool
from apps.scenarios.session_auth import signatures, work

SECRET_KEY = os.environ.get("CROSSOVER_SECRET_KEY", "")
NO_KEY = {
    "error": "the sibling service checks Django's signatures: set CROSSOVER_SECRET_KEY to the key they are made with"
}
COOKIE = "sessionid"
SHORTEST_KEY = 8
BACKEND = "django.contrib.auth.backends.ModelBackend"
SESSION = """
    SELECT session_key, session_data, expire_date FROM django_session
    WHERE expire_date > %s AND session_key = %s LIMIT 21
"""
USER = """
    SELECT id, password, last_login, is_superuser, username, first_name, last_name, email, is_staff, is_active,
           date_joined
    FROM auth_user WHERE id = %s LIMIT 21
"""
OWN_PERMISSIONS = """
    SELECT content_type.app_label, permission.codename
    FROM auth_permission AS permission
    INNER JOIN auth_user_user_permissions AS own ON own.permission_id = permission.id
    INNER JOIN django_content_type AS content_type ON content_type.id = permission.content_type_id
    WHERE own.user_id = %s
"""
GROUP_PERMISSIONS = """
    SELECT content_type.app_label, permission.codename
    FROM auth_permission AS permission
    INNER JOIN auth_group_permissions AS granted ON granted.permission_id = permission.id
    INNER JOIN django_content_type AS content_type ON content_type.id = permission.content_type_id
    WHERE granted.group_id IN (
        SELECT auth_group.id FROM auth_group INNER JOIN auth_user_groups AS membership
        ON membership.group_id = auth_group.id WHERE membership.user_id = %s
    )
"""
END_SESSION = "DELETE FROM django_session WHERE session_key = %s"

lifespan = database_pool


async def find_user(connection: AsyncConnection[Any], session_key: str) -> tuple[Any, bool]:
    """The active user of a session, or None; and whether there is no such session, or no longer."""
    row = await (await connection.execute(SESSION, [datetime.now(UTC), session_key])).fetchone()
    if row is None:
        return None, True
    session = signatures.session_of(row.session_data, SECRET_KEY)
    if session.get("_auth_user_backend") != BACKEND or "_auth_user_id" not in session:
        return None, False
    user = await (await connection.execute(USER, [int(session["_auth_user_id"])])).fetchone()
    if user is None or not user.is_active:
        return None, False
    if not hmac.compare_digest(session.get("_auth_user_hash", ""), signatures.auth_hash(user.password, SECRET_KEY)):
        await connection.execute(END_SESSION, [session_key])  # the password has changed since
        return None, True
    return user, False


async def has_permission(connection: AsyncConnection[Any], user: Any) -> bool:
    if user.is_superuser:
        return True
    own = await (await connection.execute(OWN_PERMISSIONS, [user.id])).fetchall()
    through_groups = await (await connection.execute(GROUP_PERMISSIONS, [user.id])).fetchall()
    return work.PERMISSION in {f"{row.app_label}.{row.codename}" for row in (*own, *through_groups)}


async def view(request: web.Request) -> web.Response:
    order = work.order_id(request.query)
    if order is None:
        return web.json_response(work.BAD_ORDER, status=400)
    if not SECRET_KEY:
        return web.json_response(NO_KEY, status=503)
    key = request.cookies.get(COOKIE)
    user, gone, permitted = None, key is not None, False
    if key and len(key) >= SHORTEST_KEY:
        async with get_pool(request).connection() as connection:
            user, gone = await find_user(connection, key)
            permitted = user is not None and await has_permission(connection, user)
    if user is None:
        location = f"{work.LOGIN_URL}?{urlencode({'next': work.after_login(order)}, safe='/')}"
        response = web.Response(status=302, headers={"Location": location}, content_type="text/html")
    elif not permitted:
        response = web.json_response(work.FORBIDDEN, status=403)
    else:
        response = web.json_response(work.page(order, user.username))
    response.headers["Vary"] = "Cookie"
    if gone:
        response.del_cookie(COOKIE, samesite="Lax")
    return response
