"""Makes the binary and legacy-encoded sample documents from the sources beside this file.

Run it after a change of a source: `python tests/sample_sources/build.py`. Needs Chromium and CJK fonts for
the PDF files. The plain UTF-8 documents (md, html, txt) lie in samples/documents and are
their own source.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import numpy as np
import pypdfium2
from docx import Document
from docx.shared import Pt
from openpyxl import Workbook
from openpyxl.styles import Font, PatternFill
from PIL import Image, ImageFilter
from pptx import Presentation
from pptx.util import Cm

SOURCES = Path(__file__).resolve().parent
SAMPLES = SOURCES.parents[1] / "samples" / "documents"

Row = Sequence[str | int]


def build_pdf(name: str) -> None:
    source, target = SOURCES / f"{name}.html", SAMPLES / f"{name}.pdf"
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--no-pdf-header-footer"]
    command = ["chromium", *options, f"--print-to-pdf={target}", source.as_uri()]
    subprocess.run(command, check=True, capture_output=True, timeout=120)


SCANNED = "安全衛生委員会議事録"
"""Its sample is a picture of the printed page, as an old copier sends it."""


def build_scan(name: str) -> None:
    """One grey page at 150 dots per inch, crooked and noisy as from a scanner, without a text layer."""
    build_pdf(name)
    path = SAMPLES / f"{name}.pdf"
    document = pypdfium2.PdfDocument(path)
    page = document[0].render(scale=150 / 72).to_pil().convert("L")
    document.close()
    crooked = page.rotate(-1.2, Image.Resampling.BICUBIC, fillcolor=255).filter(ImageFilter.GaussianBlur(0.5))
    pixels = np.asarray(crooked).astype(np.float32) * 0.86 + 24
    noisy = pixels + np.random.default_rng(1).normal(0, 4, pixels.shape)
    scan = Image.fromarray(noisy.clip(0, 255).astype(np.uint8))
    scan.save(path, "PDF", resolution=150, quality=60, title="安全衛生委員会議事録（2025年9月）")


def build_docx(name: str, font: str) -> None:
    """Headings, paragraphs and `| a | b |` tables of a Markdown source; nothing else."""
    document = Document()
    document.styles["Normal"].font.name = font
    document.styles["Normal"].font.size = Pt(10.5)
    lines = (SOURCES / f"{name}.md").read_text("utf-8").splitlines()
    document.core_properties.title = lines[0].removeprefix("# ")
    document.core_properties.author = "Minato Seiki"
    table: list[list[str]] = []
    for line in [*lines, ""]:
        if line.startswith("|"):
            table.append([cell.strip() for cell in line.strip("|").split("|")])
            continue
        if table:
            add_docx_table(document, table)
            table = []
        if line.startswith("#"):
            marks, title = line.split(" ", 1)
            document.add_heading(title, level=len(marks) - 1)
        elif line:
            document.add_paragraph(line)
    document.save(str(SAMPLES / f"{name}.docx"))


def add_docx_table(document: object, rows: list[list[str]]) -> None:
    table = document.add_table(rows=len(rows), cols=len(rows[0]))  # type: ignore[attr-defined]
    table.style = "Table Grid"
    for row, values in zip(table.rows, rows, strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value


def build_text(name: str, encoding: str) -> None:
    text = (SOURCES / name).read_text("utf-8")
    (SAMPLES / name).write_bytes(text.replace("\n", "\r\n").encode(encoding))


def build_mail() -> None:
    mail = EmailMessage(policy=SMTP)
    mail["From"] = "早川 亮 <hayakawa@shiokaze-denshi.example>"
    mail["To"] = "購買課 西村 <nishimura@minato-seiki.example>"
    mail["Cc"] = "長野工場 資材係 <shizai-nagano@minato-seiki.example>"
    mail["Subject"] = "【潮風電子】流量センサー用基板の納期変更のお願い（PO-250918-07）"
    mail["Date"] = "Tue, 14 Oct 2025 10:42:00 +0900"
    mail["Message-ID"] = "<20251014104200.4471@shiokaze-denshi.example>"
    body = (SOURCES / "納期変更のご連絡.txt").read_text("utf-8")
    mail.set_content(body, charset="iso-2022-jp", cte="7bit")
    (SAMPLES / "納期変更のご連絡.eml").write_bytes(mail.as_bytes())


SLIDES: list[tuple[str, list[str] | list[Row], str]] = [
    (
        "株式会社みなと精機 会社概要",
        ["はかる、おくる、とめない。", "2025年4月 営業企画課"],
        "お客様への説明は10分を目安とする。工場の写真は最新のものに差し替えること。",
    ),
    (
        "会社の概要",
        [
            ("項目", "内容"),
            ("商号", "株式会社みなと精機（英文 Minato Seiki Co., Ltd.）"),
            ("設立", "1968年4月18日"),
            ("代表者", "代表取締役社長 港 直樹"),
            ("資本金", "9,800万円"),
            ("従業員数", "412名（2025年3月31日現在）"),
            ("本社・横浜工場", "神奈川県横浜市鶴見区"),
            ("長野工場", "長野県岡谷市（2003年開設）"),
            ("営業所", "大阪、名古屋、福岡"),
            ("取引銀行", "みなとみらい信用銀行 鶴見支店"),
        ],
        "従業員数は正社員のみ。契約社員とパートタイマーを含めると503名。",
    ),
    (
        "沿革",
        [
            "1968年 横浜市で創業、精密歯車の加工を始める",
            "1979年 最初の定量ポンプ MP-10を発売",
            "1991年 流量センサー FS-1を発売",
            "2003年 長野工場を開設",
            "2011年 ISO 9001の認証を取得",
            "2016年 MP-300シリーズを発売",
            "2022年 ISO 14001の認証を取得",
            "2024年 ベトナムのハイフォンに販売会社を設立",
        ],
        "",
    ),
    (
        "売上高と営業利益の推移",
        [
            ("年度", "売上高", "営業利益", "海外比率"),
            ("2021年度", "72億1,000万円", "4億3,000万円", "18%"),
            ("2022年度", "77億6,000万円", "4億9,000万円", "20%"),
            ("2023年度", "81億2,000万円", "5億6,000万円", "23%"),
            ("2024年度", "86億4,000万円", "6億8,000万円", "26%"),
            ("2025年度（計画）", "91億円", "7億2,000万円", "28%"),
        ],
        "2024年度の増収は、上下水道向けの更新需要とベトナムの新設工場向けによる。",
    ),
    (
        "事業と製品",
        [
            ("事業", "主な製品", "売上の割合"),
            ("ポンプ事業", "MP-200A、MP-300A、MP-300B、MP-300C", "58%"),
            ("センサー事業", "流量センサー FS-20、圧力センサー PS-110", "31%"),
            ("サービス事業", "保守契約、部品、校正", "11%"),
        ],
        "",
    ),
    (
        "環境への取組み",
        [
            "2030年度までに、工場のCO2排出量を2019年度に比べて46%減らす",
            "2024年度の実績は、2019年度に比べて29%減",
            "長野工場の屋根に320 kWの太陽光発電設備を設置（2023年）",
            "ポンプの梱包材を、発泡材から段ボールに切り替え",
        ],
        "",
    ),
]


def build_slides() -> None:
    deck = Presentation()
    for title, content, note in SLIDES:
        is_table = isinstance(content[0], tuple)
        slide = deck.slides.add_slide(deck.slide_layouts[5 if is_table else 1])
        slide.shapes.title.text = title
        if is_table:
            frame = slide.shapes.add_table(
                len(content), len(content[0]), Cm(1.5), Cm(4.5), Cm(22), Cm(1) * len(content)
            )
            for y, row in enumerate(content):
                for x, value in enumerate(row):
                    frame.table.cell(y, x).text = str(value)
        else:
            slide.placeholders[1].text = "\n".join(str(line) for line in content)
        if note:
            slide.notes_slide.notes_text_frame.text = note
    deck.core_properties.title = "株式会社みなと精機 会社概要"
    deck.save(str(SAMPLES / "会社概要.pptx"))


SHEETS: dict[str, list[Row]] = {
    "標準価格": [
        ("型式", "品名", "仕様", "標準価格（円、税別）", "保守契約（円/年）", "標準納期"),
        ("MP-200A-PVC-1", "定量ポンプ", "最大吐出量 12 L/h", 98000, 18000, "2週間"),
        ("MP-300A-PVC-1", "定量ポンプ", "最大吐出量 30 L/h", 142000, 24000, "3週間"),
        ("MP-300A-PVDF-1", "定量ポンプ", "最大吐出量 30 L/h", 178000, 27000, "5週間"),
        ("MP-300B-PVC-2", "定量ポンプ", "最大吐出量 60 L/h", 165000, 26000, "3週間"),
        ("MP-300B-SUS-2", "定量ポンプ", "最大吐出量 60 L/h", 246000, 31000, "8週間"),
        ("MP-300C-PVC-2", "定量ポンプ", "最大吐出量 120 L/h", 214000, 33000, "4週間"),
        ("FS-20", "流量センサー", "電磁式 20A", 48000, 6000, "2週間"),
        ("FS-20H", "流量センサー", "電磁式 20A 耐熱", 63000, 7500, "4週間"),
        ("PS-110", "圧力センサー", "0～1.0 MPa", 27500, 4000, "1週間"),
        ("PS-110L", "圧力センサー", "0～0.2 MPa", 29800, 4000, "2週間"),
        ("AV-30", "自動エア抜き弁", "PVC/FKM", 16800, "", "2週間"),
    ],
    "値引き基準": [
        ("年間取引額", "値引率の上限", "決裁者"),
        ("500万円未満", "5%", "課長"),
        ("500万円以上 2,000万円未満", "10%", "部長"),
        ("2,000万円以上", "15%", "営業本部長"),
        ("特別な案件", "15%を超えるもの", "社長"),
    ],
    "営業所別売上": [
        ("営業所", "2023年度（千円）", "2024年度（千円）", "担当者数"),
        ("本社営業部", 3620000, 3815000, 24),
        ("大阪営業所", 1985000, 2104000, 13),
        ("名古屋営業所", 1410000, 1467000, 9),
        ("福岡営業所", 1105000, 1254000, 7),
    ],
    "価格改定の履歴": [
        ("実施日", "対象", "改定前（円）", "改定後（円）", "理由"),
        ("2023-10-01", "PS-110", 26000, 27500, "材料費の上昇"),
        ("2024-04-01", "MP-300B-PVC-2", 158000, 165000, "モーターの価格の上昇"),
        ("2025-04-01", "FS-20", 45000, 48000, "基板の変更（Rev.3）"),
        ("2025-04-01", "MP-300A-PVC-1", 138000, 142000, "樹脂材料の価格の上昇"),
    ],
}


def build_workbook() -> None:
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in SHEETS.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        for cell in sheet[1]:
            cell.font = Font(bold=True)
            cell.fill = PatternFill("solid", fgColor="DCE6F1")
        for column in "ABCDEF":
            sheet.column_dimensions[column].width = 22
        for (cell,) in sheet.iter_rows(min_row=2, min_col=1, max_col=1):
            cell.number_format = "@"
    book.properties.title = "価格表 2025年度"
    book.save(SAMPLES / "価格表_2025年度.xlsx")


def main() -> None:
    for page in sorted(SOURCES.glob("*.html")):
        if page.stem != SCANNED:
            build_pdf(page.stem)
    build_scan(SCANNED)
    build_docx("就業規則", "MS Mincho")
    build_docx("Employee_Handbook", "Calibri")
    build_text("品質マニュアル.txt", "euc_jp")
    build_text("夏季休業のお知らせ.txt", "utf-16")
    build_text("部品表.csv", "cp932")
    build_mail()
    build_slides()
    build_workbook()


if __name__ == "__main__":
    sys.exit(main())
