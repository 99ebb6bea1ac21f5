"""Which hosts are Amazon ECR, and that no other one ever is (EC-05, EC-10)."""

from __future__ import annotations

import gzip
import json
import re
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registrykit.oci import read_address
from registrykit.oci.ecr import EcrHost, ecr_host
from registrykit.urls import Origin

ACCOUNT = "123456789012"
REAL = [
    f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com",
    f"{ACCOUNT}.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
    f"{ACCOUNT}.dkr.ecr.cn-northwest-1.amazonaws.com.cn",
    f"{ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu",
    f"{ACCOUNT}.dkr.ecr.us-iso-east-1.c2s.ic.gov",
    f"{ACCOUNT}.dkr-ecr.eu-west-1.on.aws",
    f"{ACCOUNT}.dkr-ecr-fips.us-east-2.on.aws",
    f"{ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn",
    "public.ecr.aws",
]
LOOK_ALIKES = [
    f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com.evil.example",
    f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.co",
    f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com.",
    f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com:8443",
    f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com\n",
    f"{ACCOUNT}.dkr.ecr.us-east-1.evil.example.amazonaws.com",
    f"{ACCOUNT}.dkr.ecr.x.us-east-1.amazonaws.com",
    f"{ACCOUNT}.dkr.ecr.us-east-1amazonaws.com",
    f"{ACCOUNT}.dkr.ecr.us-east-1.on.aws",
    f"{ACCOUNT}.dkr-ecr.us-east-1.amazonaws.com",
    f"{ACCOUNT}.dkr.ecr.amazonaws.com",
    f"x.{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com",
    f"{ACCOUNT}1.dkr.ecr.us-east-1.amazonaws.com",
    "\u0661" * 12 + ".dkr.ecr.us-east-1.amazonaws.com",
    "12345678901.dkr.ecr.us-east-1.amazonaws.com",
    "dkr.ecr.us-east-1.amazonaws.com",
    "api.ecr.us-east-1.amazonaws.com",
    "ecr.us-east-1.amazonaws.com",
    "s3.us-east-1.amazonaws.com",
    "evil-public.ecr.aws",
    "public.ecr.aws.evil.example",
    "publicxecr.aws",
    "",
]


@pytest.mark.parametrize("host", REAL)
def test_real_hosts_are_known_by_their_endpoint(host: str) -> None:
    found = ecr_host(read_address(host.upper() + "/base").origin.host)
    assert found is not None
    assert found.origins == {Origin("https", host, 443), Origin("https", found.api, 443)}
    assert found.fips == ("-fips" in host)
    assert found.account == ("" if found.public else ACCOUNT)


@pytest.mark.parametrize("host", LOOK_ALIKES)
def test_ec_05_look_alikes_are_not_known(host: str) -> None:
    assert ecr_host(host) is None


@given(st.sampled_from(REAL), st.data())
def test_ec_05_one_character_more_or_less_is_another_host(host: str, data: st.DataObject) -> None:
    """What differs in one place is no host of ECR, or one with another account or region."""
    at = data.draw(st.integers(0, len(host)))
    other = data.draw(st.sampled_from(["", *"abz09-_./:@\\?# \n\u0430"]))
    end = at + data.draw(st.integers(0, 1))
    found = ecr_host(host[:at] + other + host[end:])
    if found is not None:
        known = ecr_host(host)
        assert known is not None
        suffix = known.api.partition(f"{known.region}.")[2]
        assert found.api.endswith(f".{found.region}.{suffix}")
        assert re.fullmatch(r"(api\.)?ecr(-fips|-public)?", found.api.split(f".{found.region}")[0])


def test_ec_10_the_api_is_where_the_sdks_of_aws_look_for_it() -> None:
    """Over all regions that botocore knows: its rules for endpoints are the independent source."""
    from botocore.endpoint_provider import EndpointProvider

    partitions = _read("partitions.json")
    private = EndpointProvider(_rules("ecr/2015-09-21"), partitions)
    seen = 0
    for partition in partitions["partitions"]:
        suffix = partition["outputs"]["dnsSuffix"]
        dual = {"aws": "on.aws", "aws-us-gov": "on.aws", "aws-cn": "on.amazonwebservices.com.cn"}
        regions = [name for name in partition["regions"] if not name.endswith("-global")]
        for region in regions:
            for fips in (False, True):
                mark = "-fips" if fips else ""
                hosts = {False: f"{ACCOUNT}.dkr.ecr{mark}.{region}.{suffix}"}
                if partition["id"] in dual:
                    hosts[True] = f"{ACCOUNT}.dkr-ecr{mark}.{region}.{dual[partition['id']]}"
                for dual_stack, host in hosts.items():
                    known = private.resolve_endpoint(
                        Region=region, UseFIPS=fips, UseDualStack=dual_stack
                    )
                    wanted = EcrHost(
                        host, ACCOUNT, region, fips, False, known.url.removeprefix("https://")
                    )
                    assert ecr_host(host) == wanted
                    seen += 1
    assert seen > 150


@pytest.mark.parametrize(
    ("host", "dual"), [("public.ecr.aws", False), ("ecr-public.aws.com", True)]
)
def test_the_api_of_the_public_gallery(host: str, dual: bool) -> None:
    from botocore.endpoint_provider import EndpointProvider

    public = EndpointProvider(_rules("ecr-public/2020-10-30"), _read("partitions.json"))
    known = public.resolve_endpoint(Region="us-east-1", UseFIPS=False, UseDualStack=dual)
    found = ecr_host(host)
    assert found is not None
    assert f"https://{found.api}" == known.url


def _rules(place: str) -> Any:
    return _read(f"{place}/endpoint-rule-set-1.json.gz")


def _read(name: str) -> Any:
    content = resources.files("botocore").joinpath("data", *name.split("/")).read_bytes()
    return json.loads(gzip.decompress(content) if name.endswith(".gz") else content)
