"""Customer messages in Chinese, Hindi and Arabic, code, and JSON: texts whose tokens characters alone do not tell."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path

SENTENCES: dict[str, Sequence[str]] = {
    "Chinese": (
        "您好,我上周在你们网站上买的路由器一直连不上网络,重启了好几次也没有用。",
        "请问我的退款什么时候可以到账,订单已经取消五天了。",
        "我想把套餐换成每月一百兆的那一种,需要另外付费吗?",
        "快递显示已经签收,但是我和家人都没有收到包裹,请帮我查一下。",
        "应用更新之后每次打开相册就会闪退,手机是去年买的新款。",
        "发票上的公司名称写错了一个字,能不能重新开一张发给我?",
        "昨天晚上的客服态度非常好,耐心地帮我解决了登录的问题,谢谢你们。",
        "我忘记了密码,验证短信也收不到,号码没有变过。",
        "这个月的账单比上个月多了三十块钱,我并没有使用额外的服务。",
        "冰箱送来的时候门上有一道很深的划痕,我希望换一台新的。",
        "请问周末可以安排师傅上门安装空调吗,平时我都要上班。",
        "你们的会员自动续费了,可是我两个月前就已经关闭了这个功能。",
        "耳机左边没有声音,换了一部手机试过,还是同样的情况。",
        "我准备下个月搬家,宽带能不能迁到新的地址继续使用?",
        "积分兑换的礼品到现在还没有发货,页面上只写着处理中。",
        "银行卡被扣了两次款,但是系统里面只有一个订单。",
        "学校需要批量购买二十台平板电脑,有没有教育优惠的价格?",
        "语音助手总是听不懂我说的方言,希望以后的版本能够改进。",
        "商品页面写着支持七天无理由退货,为什么申请被拒绝了?",
        "我在国外旅行,信用卡突然不能用了,麻烦尽快帮我解除限制。",
    ),
    "Hindi": (
        "नमस्ते, मैंने पिछले हफ्ते आपकी वेबसाइट से जो राउटर खरीदा था वह इंटरनेट से नहीं जुड़ रहा है।",
        "कृपया बताइए कि मेरा पैसा वापस कब तक मिलेगा, ऑर्डर रद्द हुए पाँच दिन हो गए हैं।",
        "मैं अपना प्लान बदलकर सौ एमबीपीएस वाला लेना चाहता हूँ, क्या इसके लिए अलग से शुल्क लगेगा?",
        "कूरियर कंपनी कह रही है कि सामान पहुँच गया, लेकिन हमारे घर में किसी को कुछ नहीं मिला।",
        "ऐप अपडेट करने के बाद जब भी गैलरी खोलता हूँ तो वह अपने आप बंद हो जाती है।",
        "बिल पर हमारी कंपनी का नाम गलत लिखा है, क्या आप नया बिल भेज सकते हैं?",
        "कल रात आपके सहायक ने बहुत धैर्य से मेरी समस्या सुलझाई, इसके लिए धन्यवाद।",
        "मैं पासवर्ड भूल गया हूँ और सत्यापन का संदेश भी नहीं आ रहा, जबकि नंबर वही है।",
        "इस महीने का बिल पिछले महीने से तीन सौ रुपये ज़्यादा है, मैंने कोई अतिरिक्त सेवा नहीं ली।",
        "फ्रिज के दरवाज़े पर गहरी खरोंच थी जब वह आया, मुझे दूसरा फ्रिज चाहिए।",
        "क्या शनिवार या रविवार को एयर कंडीशनर लगाने के लिए कोई आ सकता है?",
        "मेरी सदस्यता अपने आप बढ़ गई जबकि मैंने दो महीने पहले ही यह सुविधा बंद कर दी थी।",
        "ईयरफोन की बाईं तरफ से आवाज़ नहीं आती, दूसरे फोन पर भी यही हाल है।",
        "अगले महीने हम दूसरे शहर जा रहे हैं, क्या कनेक्शन नए पते पर भेजा जा सकता है?",
        "अंकों के बदले जो उपहार मिलना था वह अभी तक नहीं भेजा गया है।",
        "मेरे खाते से दो बार पैसे कट गए, लेकिन सूची में केवल एक ही ऑर्डर दिखता है।",
        "हमारे विद्यालय को बीस टैबलेट चाहिए, क्या शिक्षा के लिए कोई छूट है?",
        "आवाज़ से चलने वाला सहायक मेरी बोली नहीं समझता, उम्मीद है आगे सुधार होगा।",
        "पन्ने पर लिखा था कि सात दिन में वापसी हो सकती है, फिर मेरा अनुरोध क्यों ठुकराया गया?",
        "मैं विदेश में हूँ और मेरा कार्ड अचानक बंद हो गया, कृपया जल्दी से इसे चालू कीजिए।",
    ),
    "Arabic": (
        "مرحبا، اشتريت جهاز التوجيه من موقعكم الأسبوع الماضي وهو لا يتصل بالإنترنت مهما أعدت تشغيله.",
        "متى يصل المبلغ المسترد إلى حسابي، فقد ألغيت الطلب منذ خمسة أيام؟",
        "أريد تغيير باقتي إلى سرعة أعلى، فهل هناك رسوم إضافية على ذلك؟",
        "تقول شركة الشحن إن الطرد قد سُلّم، لكن أحدا في بيتنا لم يستلم شيئا.",
        "بعد التحديث الأخير يتوقف التطبيق كلما فتحت معرض الصور على هاتفي الجديد.",
        "اسم شركتنا مكتوب خطأ في الفاتورة، فهل يمكنكم إرسال نسخة مصححة؟",
        "ساعدني موظفكم مساء أمس بصبر كبير حتى عاد الحساب إلى العمل، شكرا لكم.",
        "نسيت كلمة المرور ولا تصلني رسالة التحقق مع أن رقمي لم يتغير.",
        "فاتورة هذا الشهر أعلى من الشهر السابق بثلاثين ريالا ولم أستخدم أي خدمة إضافية.",
        "وصلت الثلاجة وعلى بابها خدش عميق وأرجو استبدالها بأخرى جديدة.",
        "هل يمكن أن يأتي الفني لتركيب المكيف في عطلة نهاية الأسبوع؟",
        "تجدد اشتراكي تلقائيا مع أنني أوقفت هذه الميزة قبل شهرين.",
        "لا يصدر أي صوت من السماعة اليسرى حتى عندما أجربها مع هاتف آخر.",
        "سننتقل إلى مدينة أخرى في الشهر القادم، فهل يمكن نقل الخط إلى العنوان الجديد؟",
        "الهدية التي استبدلت بها نقاطي لم تُشحن حتى الآن ولا يظهر أي موعد.",
        "خُصم المبلغ مرتين من بطاقتي بينما لا يظهر في القائمة إلا طلب واحد.",
        "تحتاج مدرستنا إلى عشرين جهازا لوحيا، فهل لديكم أسعار خاصة للتعليم؟",
        "لا يفهم المساعد الصوتي لهجتي، وآمل أن يتحسن في الإصدارات القادمة.",
        "مكتوب في الصفحة أن الإرجاع ممكن خلال سبعة أيام، فلماذا رُفض طلبي؟",
        "أنا في سفر خارج البلاد وتوقفت بطاقتي فجأة، أرجو رفع القيد عنها بسرعة.",
    ),
}


def long_texts(language: str, count: int, seed: int = 0) -> list[str]:
    """Texts of six sentences each, drawn without repeats."""
    draw = random.Random(f"{language} {seed}")
    return [" ".join(draw.sample(SENTENCES[language], 6)) for _ in range(count)]


def labelled_texts(kind: str, count: int) -> list[tuple[str, str]]:
    """(text, label) of a language, of `code` or of `json`; what a language's texts are about is one of four."""
    if kind == "code":
        return [(text, "class" if "\nclass " in text else "functions") for text in code_texts(count)]
    if kind == "json":
        return [(text, "paid" if '"paid":true' in text else "open") for text in json_texts(count)]
    draw, sentences = random.Random(kind), SENTENCES[kind.capitalize()]
    labelled = []
    for number in range(count):
        topic = number % 4
        about = [sentence for place, sentence in enumerate(sentences) if place % 4 == topic]
        others = [sentence for place, sentence in enumerate(sentences) if place % 4 != topic]
        labelled.append((" ".join([*draw.sample(about, 3), *draw.sample(others, 2)]), f"topic {topic + 1}"))
    return labelled


def code_texts(count: int, package: str = "fw_assets") -> list[str]:
    """Stretches of 60 lines of a package's source."""
    files = sorted((Path(__file__).parents[1] / package).rglob("*.py"))
    stretches = []
    for file in files:
        lines = file.read_text("utf-8").splitlines(keepends=True)
        stretches += ["".join(lines[start : start + 60]) for start in range(0, len(lines) - 30, 60)]
    return random.Random(0).sample(stretches, min(count, len(stretches)))


def json_texts(count: int) -> list[str]:
    """Orders as an interface would send them, without white space."""
    draw = random.Random(1)
    names = ("router", "tablet", "headphones", "fridge", "air conditioner")
    return [
        json.dumps(
            {
                "order_id": f"A-{draw.randrange(10**8):08d}",
                "created_at": f"2026-{draw.randrange(1, 13):02d}-{draw.randrange(1, 29):02d}T08:15:30Z",
                "customer": {"id": draw.randrange(10**6), "email": f"user{draw.randrange(10**4)}@example.com"},
                "items": [
                    {"sku": f"{name[:3].upper()}{draw.randrange(1000)}", "name": name, "qty": draw.randrange(1, 9)}
                    for name in draw.sample(names, 3)
                ],
                "total": round(draw.uniform(10, 2000), 2),
                "paid": draw.random() < 0.5,
                "note": None,
            },
            separators=(",", ":"),
        )
        for _ in range(count)
    ]
