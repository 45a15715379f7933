from __future__ import annotations

import json

import polars as pl
import pytest

from fw_assets.classification.catalogue.models import PlannedModel
from fw_assets.classification.cost.durations import FIREWORKS_TIMING
from fw_assets.classification.cost.prices import PriceBook
from fw_assets.classification.cost.pricing import Pricing
from fw_assets.classification.cost.ranges import NOTHING
from fw_assets.classification.cost.text_sizes import TextSize
from fw_assets.classification.cost.text_volumes import measure_volumes
from fw_assets.classification.cost.token_estimates import BYTE_PAIR, TokenRatio
from fw_assets.classification.cost.vocabularies import LLAMA_3, LLAMA_4, QWEN, VOCABULARIES, ratio_by_name


@pytest.mark.parametrize(
    ("name", "ratio"),
    [
        ("accounts/fireworks/models/qwen3-8b", QWEN),
        ("accounts/fireworks/models/qwen2p5-72b-instruct", QWEN),
        ("accounts/fireworks/models/llama-v3p3-70b-instruct", LLAMA_3),
        ("accounts/fireworks/models/llama4-scout-instruct-basic", LLAMA_4),
        ("accounts/fireworks/models/qwen3p7-plus", None),
        ("accounts/fireworks/models/gemma-4-26b", None),
    ],
)
def test_a_family_is_known_by_the_name_of_its_models(name: str, ratio: TokenRatio | None) -> None:
    assert ratio_by_name(VOCABULARIES, name) == ratio
    pricing = Pricing(prices=PriceBook(layers=()), ratio=BYTE_PAIR, timing=FIREWORKS_TIMING, vocabularies=VOCABULARIES)
    model = PlannedModel(name=name, slug="m", tunable=True, strategy="serverless", cells=())
    assert pricing.ratio_of(model) == (ratio or BYTE_PAIR)
    assert pricing.model_copy(update={"ratios": {"m": QWEN}}).ratio_of(model) == QWEN, "what was measured wins"
    assert pricing.model_copy(update={"vocabularies": {}}).ratio_of(model) == BYTE_PAIR, "as earlier versions stored it"


# Tokens that the byte-pair vocabularies of the families make of these texts.
MESSAGES = {
    "I was charged twice this month, and the app crashes when I open the invoice.": (17, 17, 17),
    "请问我的退款什么时候可以到账,订单已经取消五天了。": (14, 18, 16),
    "FREE entry! Text WIN to 80086 now. T&Cs apply, 18+ only.": (25, 21, 21),
}


# To none of these was a rate fitted.
LATIN = {
    "Polish": (
        "Zamówiłam buty dwa tygodnie temu, a przesyłka wciąż nie dotarła. "
        "Sprzedawca nie odpowiada na wiadomości, więc proszę o zwrot pieniędzy na konto, z którego zapłaciłam.",
        (62, 66, 45),
    ),
    "Finnish": (
        "Tilasin teiltä pesukoneen kolme viikkoa sitten, mutta toimitusta ei ole vieläkään kuulunut. "
        "Asiakaspalvelu ei vastaa puhelimeen, joten haluaisin perua tilauksen ja saada rahani takaisin.",
        (68, 69, 58),
    ),
    "Italian": (
        "Ho ordinato una lavatrice tre settimane fa, ma la consegna non è ancora arrivata. "
        "Il servizio clienti non risponde al telefono, quindi vorrei annullare l'ordine e ricevere il rimborso.",
        (51, 51, 45),
    ),
    "German": (
        "Ich habe vor drei Wochen eine Waschmaschine bestellt, aber die Lieferung ist immer noch nicht angekommen. "
        "Der Kundendienst geht nicht ans Telefon, deshalb möchte ich die Bestellung stornieren und mein Geld zurück.",
        (50, 50, 46),
    ),
    "Spanish": (
        "Pedí una lavadora hace tres semanas, pero todavía no ha llegado. "
        "El servicio de atención al cliente no contesta el teléfono, así que quiero cancelar el pedido "
        "y recuperar mi dinero.",
        (41, 44, 38),
    ),
    "Hungarian": (
        "Három hete rendeltem egy mosógépet, de a szállítás még mindig nem érkezett meg. "
        "Az ügyfélszolgálat nem veszi fel a telefont, ezért szeretném lemondani a rendelést és visszakapni a pénzemet.",
        (74, 73, 58),
    ),
}


@pytest.mark.parametrize(("text", "actual"), [*MESSAGES.items(), *LATIN.values()])
def test_the_families_count_within_a_fifth_of_their_vocabularies(text: str, actual: tuple[int, int, int]) -> None:
    sized = TextSize()
    sized.add(text)
    for ratio, tokens in zip((QWEN, LLAMA_3, LLAMA_4), actual, strict=True):
        assert ratio.expected_tokens(sized) == pytest.approx(tokens, rel=0.2)


# Of kinds to which no rate was fitted, and the tokens of the three vocabularies.
OTHER_KINDS = {
    "Czech": (
        "Objednávka dorazila poškozená a reklamační oddělení mi už deset dní neodpovídá na zprávy.",
        (42, 32, 30),
    ),
    "Hungarian": (
        "A múlt héten rendelt kávéfőző sérülten érkezett meg, és senki sem válaszol a leveleimre.",
        (38, 38, 30),
    ),
    "Swedish": (
        "Jag blev debiterad två gånger för samma resa och vill ha pengarna tillbaka så snart som möjligt.",
        (31, 31, 21),
    ),
    "Romanian": (
        "Coletul meu a ajuns desfăcut, iar factura are o sumă greșită; vă rog să o corectați.",
        (32, 32, 27),
    ),
    "Swahili": (
        "Simu niliyonunua mwezi uliopita haiwaki tena, naomba mnisaidie kuirudisha dukani haraka.",
        (35, 34, 33),
    ),
    "Tagalog": (
        "Hindi pa rin dumarating ang inorder kong sapatos kahit bayad na ito noong nakaraang linggo.",
        (29, 28, 24),
    ),
    "Malay": (
        "Akaun saya telah dikunci selepas cubaan log masuk dan kod pengesahan tidak pernah diterima.",
        (26, 26, 21),
    ),
    "Italian": (
        "Vorrei disdire l'abbonamento perché l'applicazione si chiude ogni volta che apro le impostazioni.",
        (26, 26, 23),
    ),
    "Dutch": (
        "Mijn pakket staat al dagen als bezorgd gemeld, maar bij de buren heeft niemand iets aangenomen.",
        (27, 27, 26),
    ),
    "Roman Urdu": (
        "mujhe do dafa charge kiya gaya hai, meherbani karke paise jaldi wapis karein warna shikayat karunga",
        (36, 36, 32),
    ),
    "Greek": (
        "Η εφαρμογή κλείνει κάθε φορά που προσπαθώ να πληρώσω τον λογαριασμό του ρεύματος.",
        (68, 31, 26),
    ),
    "Hebrew": (
        "החבילה שלי לא הגיעה ואף אחד לא עונה לטלפון כבר שלושה ימים.",
        (22, 55, 23),
    ),
    "Telugu": (
        "నా ఖాతా నుండి డబ్బు రెండుసార్లు తీసుకోబడింది, దయచేసి తిరిగి ఇవ్వండి.",
        (101, 118, 43),
    ),
    "Armenian": (
        "Իմ պատվերը դեռ չի հասել, խնդրում եմ ստուգեք առաքման կարգավիճակը։",
        (64, 104, 61),
    ),
    "Amharic": (
        "ትዕዛዜ እስካሁን አልደረሰም፣ እባክዎ ያለበትን ሁኔታ ያረጋግጡልኝ።",
        (55, 108, 34),
    ),
    "Arabic news": (
        "قال المتحدث باسم وزارة الخارجية إن المحادثات بين الجانبين ستستمر في الأسبوع المقبل.",
        (20, 27, 21),
    ),
    "Chinese news": (
        "中国人民银行宣布下调金融机构存款准备金率,以支持实体经济发展,保持市场流动性合理充裕。",
        (21, 32, 24),
    ),
    "Chinese, traditional": (
        "請問貴公司的保固期限是多久?我買的烤箱使用三個月後就無法加熱了。",
        (25, 31, 25),
    ),
    "Emoji": (
        "🎂🎉 happy bday!!! 🥳🥳 cake was 🔥🔥 but the delivery guy 🚚 was 😡😤",
        (26, 35, 30),
    ),
    "HTML": (
        '<ul id="nav" class="menu"><li><a href="/account/orders?page=2">Orders</a></li><li hidden>Returns</li></ul>',
        (34, 34, 35),
    ),
    "Base64": (
        "iVBORw0KGgoAAAANSUhEUgAAAAUAAAAFCAYAAACNbyblAAAAHElEQVQI12P4//8/w38GIAXDIBKE0DHxgljNBAAO9TXL0Y4OHwAAAABJRU5ErkJggg==",
        (69, 67, 65),
    ),
    "Capitals": (
        "PLEASE CANCEL MY SUBSCRIPTION TODAY AND SEND THE MONEY BACK TO MY BANK ACCOUNT",
        (16, 16, 18),
    ),
    "English": (
        "Please tell me how I can change the address of my order, because we moved to another city last week.",
        (22, 22, 22),
    ),
}


@pytest.mark.parametrize("kind", OTHER_KINDS)
def test_the_tokens_of_other_languages_and_kinds_lie_within_the_bounds(kind: str) -> None:
    text, counts = OTHER_KINDS[kind]
    volume = measure_volumes(
        pl.DataFrame(
            {"messages": [json.dumps([{"role": "user", "content": text}])], "labels": [["a"]], "split": ["test"]}
        )
    )["test"]
    for ratio, tokens in zip((QWEN, LLAMA_3, LLAMA_4), counts, strict=True):
        for plan in (ratio, BYTE_PAIR):
            bounds = plan.model_copy(update={"per_prompt": NOTHING, "per_message": NOTHING}).prompt_tokens(volume)
            assert bounds.low <= tokens <= bounds.high, (plan.source, bounds)


def test_the_bounds_of_english_stay_narrow() -> None:
    text, counts = OTHER_KINDS["English"]
    sized = TextSize()
    sized.add(text)
    assert sized.unlike_english == 0
    assert QWEN.expected_tokens(sized) == pytest.approx(counts[0], rel=0.12)
