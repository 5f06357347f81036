"""Which proxy the environment names for an address: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass


def proxy_for(url: str) -> str | None:
    """None for this machine itself, and for what NO_PROXY names: hosts and their domains, with a port or without,
    and ranges of addresses (10.0.0.0/8). Without a scheme a proxy is an http one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    found = getproxies()
    proxy = found.get(parts.scheme) or found.get("all")
    if not proxy or _is_loopback(host) or _is_direct(host, parts.port, found.get("no", "")):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def unusable_proxy(url: str) -> str | None:
    """Why nothing can be sent through the proxy of this address; None if it can. The proxy may hold a password: only
    its scheme is named."""
    if (proxy := proxy_for(url)) is None:
        return None
    variable = f"{urlsplit(url).scheme.upper()}_PROXY or ALL_PROXY"
    remedy = f"set {variable} to http://HOST:PORT, or name this host in NO_PROXY"
    try:
        parts = urlsplit(proxy)
        usable = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return f"the proxy that {variable} names is no address: {remedy}"
    if parts.scheme not in ("http", "https"):
        return f"a {parts.scheme} proxy can't be used: {remedy}"
    return None if usable else f"the proxy that {variable} names is no address: {remedy}"


def _is_direct(host: str, port: int | None, no_proxy: str) -> bool:
    written = f"[{host}]" if ":" in host else host
    if proxy_bypass(host) or proxy_bypass(f"{written}:{port}"):
        return True
    named = [entry.strip() for entry in no_proxy.split(",")]
    if written in named or f"{written}:{port}" in named:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return any(address in network for entry in named if (network := _network(entry)) is not None)


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry, strict=False) if "/" in entry else None
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
