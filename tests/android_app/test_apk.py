"""What is built here is an .apk that a phone would accept."""

from __future__ import annotations

import zipfile

import pytest

from tests.android_app.building import setting
from tfprune.errors import PruneError


def test_the_signature_verifies(tools, built):
    said = tools.apksigner("verify", "--verbose", "--min-sdk-version", setting("minSdk"), built.apk)
    assert "Verified using v2 scheme (APK Signature Scheme v2): true" in said


def test_a_changed_byte_does_not_verify(tools, built, tmp_path):
    content = bytearray(built.apk.read_bytes())
    content[content.index(b"classes.dex") + 60] ^= 1
    (tmp_path / "changed.apk").write_bytes(content)
    with pytest.raises(PruneError, match="DOES NOT VERIFY"):
        tools.apksigner("verify", tmp_path / "changed.apk")


def test_files_lie_at_even_addresses(tools, built):
    assert "Verification succes" in tools.zipalign("-c", "-v", "4", built.apk)


def test_models_are_stored_as_they_are_so_that_they_can_be_mapped(built):
    with zipfile.ZipFile(built.apk) as apk:
        assert apk.getinfo("assets/dense.tflite").compress_type == zipfile.ZIP_STORED


def test_the_phone_is_told_which_android_it_needs(tools, built):
    said = tools.aapt2("dump", "badging", built.apk)
    assert "package: name='org.tfprune.demo' versionCode='1' versionName='1.0'" in said
    assert "sdkVersion:'24'" in said and "targetSdkVersion:'36'" in said
    assert "launchable-activity: name='org.tfprune.demo.MainActivity'" in said
