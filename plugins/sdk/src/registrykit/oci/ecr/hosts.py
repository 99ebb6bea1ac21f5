"""Which hosts are Amazon ECR, and where the API of each one is.

The registry's hosts are those that Amazon names in its documentation; the API's are the endpoint
rules of the AWS SDKs (botocore's data for `ecr` and `ecr-public`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from registrykit.urls import Origin

# Commercial and GovCloud, China, the European cloud, and the secret ones.
_SUFFIXES = (
    "amazonaws.com",
    "amazonaws.com.cn",
    "amazonaws.eu",
    "c2s.ic.gov",
    "sc2s.sgov.gov",
    "cloud.adc-e.uk",
    "csp.hci.ic.gov",
)
_DUAL_STACK = {"on.aws": "api.aws", "on.amazonwebservices.com.cn": "api.amazonwebservices.com.cn"}

_REGION = r"(?P<region>[a-z]{2,8}(?:-[a-z]{1,16}){1,3}-[0-9]{1,2})"
_PRIVATE = re.compile(
    rf"(?P<account>[0-9]{{12}})\.dkr\.ecr(?P<fips>-fips)?\.{_REGION}"
    rf"\.(?P<suffix>{'|'.join(map(re.escape, _SUFFIXES))})"
)
_PRIVATE_DUAL_STACK = re.compile(
    rf"(?P<account>[0-9]{{12}})\.dkr-ecr(?P<fips>-fips)?\.{_REGION}"
    rf"\.(?P<suffix>{'|'.join(map(re.escape, _DUAL_STACK))})"
)
_PUBLIC_REGION = "us-east-1"
# Over IPv4 alone, and over IPv6 too.
_PUBLIC = {
    "public.ecr.aws": f"api.ecr-public.{_PUBLIC_REGION}.amazonaws.com",
    "ecr-public.aws.com": f"ecr-public.{_PUBLIC_REGION}.api.aws",
}


@dataclass(frozen=True, slots=True)
class EcrHost:
    """One registry's host, from `ecr_host`; `api` is the host that lists and signs in for it.

    The public gallery has no `account`.
    """

    host: str
    account: str
    region: str
    fips: bool
    public: bool
    api: str

    @property
    def origins(self) -> frozenset[Origin]:
        """The registry and its API, over https."""
        return frozenset(Origin("https", host, 443) for host in (self.host, self.api))

    @property
    def service(self) -> str:
        """The name of the service in signatures and permissions."""
        return "ecr-public" if self.public else "ecr"


def ecr_host(host: str) -> EcrHost | None:
    """Return what `host`, in small letters and without a port, is in ECR; None if it is not ECR."""
    if api := _PUBLIC.get(host):
        return EcrHost(host, "", _PUBLIC_REGION, False, True, api)
    found = _PRIVATE.fullmatch(host)
    if found is not None:
        api = "api.ecr{fips}.{region}.{suffix}"
    else:
        found = _PRIVATE_DUAL_STACK.fullmatch(host)
        if found is None:
            return None
        api = "ecr{fips}.{region}.{suffix}"
    account, fips, region, suffix = found.group("account", "fips", "region", "suffix")
    api = api.format(fips=fips or "", region=region, suffix=_DUAL_STACK.get(suffix, suffix))
    return EcrHost(host, account, region, fips is not None, False, api)
