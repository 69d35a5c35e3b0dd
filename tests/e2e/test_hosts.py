"""What the page says of a camera host that hinders its cameras, in a real browser."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from contract import topics
from contract.codec import encode
from contract.messages import CameraHealth, Health, HostHealth
from contract.sentence import english, sentence
from tests.e2e.page_rig import Rig

pytestmark = [pytest.mark.broker, pytest.mark.browser]


def tell(rig: Rig, camera: CameraHealth, off: timedelta = timedelta(0)) -> None:
    """Health of edge-1. off: what its clock is off by."""
    host = HostHealth(cpu=0.5, memory=0.1, disk=0.1, spool_depth=0)
    health = Health(time=datetime.now(UTC) + off, interval_s=10, cameras=(camera,), host=host)
    rig.publisher.put(topics.health("site-1", "edge-1"), encode(health), qos=1)
    rig.publisher.wait()


def test_a_host_that_is_too_busy_is_named_with_the_cameras_it_looks_at_too_rarely(page: Page, rig: Rig) -> None:
    rare = sentence("camera.rarely", rate=0.2, rules="crowd-jalan")
    tell(rig, CameraHealth(camera="cam-1", name="Kamera 1", state="online", reason=english(rare), why=rare))
    card = page.locator("[data-camera='site-1/cam-1']")
    expect(card).to_contain_text("Berjaga · mesin sibuk")
    expect(card).to_have_attribute(
        "title", "mesin kamera terlalu sibuk: dianalisis 0,2 kali per detik, terlalu jarang untuk crowd-jalan"
    )
    busy = page.locator("[data-test=host]")
    expect(busy).to_contain_text("Mesin kamera edge-1 di Site 1 terlalu sibuk")
    expect(busy).to_contain_text("1 dari 4 kameranya dianalisis terlalu jarang: Kamera 1.")
    expect(busy).to_contain_text("Untuk teknisi: aliran kamera yang lebih kecil (substream)")
    expect(page.locator("[data-test=strip]")).to_contain_text("1 kamera terlalu jarang dianalisis")
    expect(page.locator(".empty")).to_contain_text("3 kamera berjaga, 1 tidak.")


def test_a_host_with_a_full_disk_is_named_since_its_cameras_only_seem_to_watch(page: Page, rig: Rig) -> None:
    full = sentence("camera.disk")
    tell(rig, CameraHealth(camera="cam-1", name="Kamera 1", state="online", reason=english(full), why=full))
    expect(page.locator("[data-camera='site-1/cam-1']")).to_contain_text("Berjaga · disk penuh")
    host = page.locator("[data-test=host]")
    expect(host).to_contain_text("Disk mesin kamera edge-1 di Site 1 penuh")
    expect(host).to_contain_text("Laporan 1 dari 4 kameranya tidak dapat dikirim, tanpa alarm: Kamera 1.")
    expect(page.locator("[data-test=strip]")).to_contain_text("1 kamera dengan disk penuh")


def test_a_host_with_a_wrong_clock_is_named_since_its_cameras_only_seem_to_watch(page: Page, rig: Rig) -> None:
    tell(rig, CameraHealth(camera="cam-1", name="Kamera 1", state="online"), off=timedelta(days=-1))
    card = page.locator("[data-camera='site-1/cam-1']")
    expect(card).to_contain_text("Berjaga · jam salah")
    expect(card).to_have_attribute(
        "title", "jam mesin kamera salah 1 hari: laporannya bisa dianggap terlambat atau ditolak"
    )
    expect(page.locator("[data-test=host]")).to_contain_text("Jam mesin kamera edge-1 di Site 1 salah")
    expect(page.locator("[data-test=strip]")).to_contain_text("1 kamera dengan jam salah")
