"""Undeclared encodings, told by how often letters occur."""

from __future__ import annotations

import pytest

from pipeline.parse.charset import guess_encoding

SENTENCES = {
    "cp1251": "Завод на реке продан соседям, сообщила вчера городская газета.",
    "koi8-r": "Паром опаздывает на час, и никто не знает почему это случилось.",
    "cp1253": "Το εργοστάσιο στο ποτάμι πουλήθηκε χθες στους γείτονες της πόλης.",
    "cp1255": "המפעל שעל הנהר נמכר אתמול לשכנים, כך הודיע העיתון המקומי של העיר.",
    "cp1256": "بيع المصنع الواقع على النهر امس الى الجيران كما ذكرت صحيفة المدينة",
    "cp874": "โรงงานริมแม่น้ำถูกขายให้กับเพื่อนบ้านเมื่อวานนี้",
    "euc_jp": "川のそばの工場は昨日となりの町の会社に売られました。",
    "cp932": "フェリーは一時間おくれていますが、だれも理由を知りません。",
    "cp949": "강가에 있는 공장이 어제 이웃 회사에 팔렸다고 신문이 보도했다.",
    "gb18030": "河边的工厂昨天卖给了邻居，这是我们城市的报纸说的，没有人知道为什么。",
    "big5hkscs": "河邊的工廠昨天賣給了鄰居，這是我們城市的報紙說的，沒有人知道為什麼。",
}


@pytest.mark.parametrize(("encoding", "sentence"), SENTENCES.items())
def test_another_script_shows_itself_by_its_frequent_letters(encoding: str, sentence: str) -> None:
    body = f"<rss><channel><title>{sentence}</title></channel></rss>".encode(encoding)

    assert guess_encoding(body) == encoding


@pytest.mark.parametrize(
    "body", [b"", b"<title>Caf\xe9</title>", "<title>Grüße aus Köln: Straßenbahn fährt später</title>".encode("cp1252")]
)
def test_western_text_is_windows_1252(body: bytes) -> None:
    assert guess_encoding(body) == "cp1252"
