"""Words of denial, doubt and comparison, by language: what makes a mention of a label no statement of it.

Each list is of regular expressions, separated by commas; a space stands for any space. A hedge ("perhaps",
"vielleicht") leaves open which label is meant. What is also said of a complaint ("difficult", "a mistake") is a denial
only with its verb.
"""

from __future__ import annotations

import re
import unicodedata

BEFORE = {
    "English": r"""
        not, no, non, never, neither, nor, without, except, than, instead of, cannot, cant, isnt, can['’]t, isn,
        aren, wasn, don, doesn, didn, won, wouldn, couldn, shouldn, hardly, barely, scarcely, seldom, rarely,
        little, less, far from, nowhere near, no longer, rather than, unlike, wrong(?:ly)?, false(?:ly)?,
        incorrect(?:ly)?, mistaken(?:ly)?, erroneous(?:ly)?, mistake to, mistake\s*\Z, lacks?, lacking, lack of,
        absence of, devoid of, free (?:of|from), none, nothing, nobody, anything but, all but, fails?, failed,
        f[ae]ll(?:s|ing)? short, stop(?:s|ped|ping)? short, opposite, contrary, doubt(?:s|ful)?, dubious,
        questionable, debatable, unlikely, unclear, uncertain, unsure, whether, surprised (?:if|to), stretch to,
        too \w+ to, hard to, hesitate, refus(?:e[sd]?|ing), den(?:y|ies|ied), exclud(?:e[sd]?|ing), reject(?:s|ed)?,
        rules? out, avoids?, inaccurate, untrue, misleading, improper, inappropriate""",
    "German": r"""
        nicht, kein(?:e[mnrs]?)?, keinerlei, keineswegs, keinesfalls, mitnichten, nie(?:mals)?, weder, noch, ohne,
        kaum, schwerlich, selten, statt, anstatt, au(?:ß|ss)er, falsch, fälschlich(?:erweise)?, irrtümlich, nichts,
        alles andere als, fern von, weit (?:davon )?entfernt, (?<!ein\s)wenig, weniger, unklar, ungewiss, unsicher,
        zweifelhaft, fraglich, fragwürdig, (?:be)?zweif(?:el[tn]?|eln|le), ob, unmöglich""",
    "Spanish": r"""
        ni, no, nunca, jamás, sin, nada, apenas, tampoco, en vez de, en lugar de, ning[uú]n[ao]?, falso, lejos de,
        (?<!un\s)poco, (?<!al\s)(?<!ao\s)(?<!lo\s)menos, difícilmente, escasamente, de ningún modo,
        de ninguna manera, en absoluto, carece de, falta de, dud[ao]s?, dudos[ao], imposible, err[oó]ne[ao],
        incorrecto, difícil (?:de )?(?:decir|llamar|saber|considerar), error (?:decir|llamar|calificar)""",
    "Portuguese": r"""
        não, nao, nem, sem, nenhuma?, nunca, jamais, nada, em vez de, tampouco, longe de, (?<!um\s)pouco,
        (?<!al\s)(?<!ao\s)(?<!lo\s)menos, dificilmente, mal chega,
        de (?:modo|maneira|forma) (?:algum|alguma|nenhuma?), carece de, falta de, duvid[oa], duvidos[oa],
        impossível, incorreto, errado, errôneo, difícil (?:de )?(?:dizer|chamar|saber),
        erro (?:dizer|chamar|classificar)""",
    "French": r"""
        pas, ne, ni, non, guère, jamais, sans, aucune?, aucunement, nullement, rien, au lieu de, plutôt que, faux,
        n['’]\w+, loin d(?:e|['’]\w+), (?<!un\s)peu, à peine, (?<!au\s)(?<!du\s)moins, tout sauf,
        difficile (?:de|à), impossible, dout(?:e[rsz]?|eux|euse), incertain, erroné, incorrect,
        erreur de (?:dire|parler|qualifier), manque de, dépourvue? de, rarement""",
    "Russian": r"""
        не, ни, нет, без, вряд ли, едва(?: ли)?, никак, никогда, вместо, ничего, нельзя, отнюдь, мало, менее,
        дал[её]к[аои]? от, сомн\w+, неясно, непонятно, неизвестно, неверно, ошибочно, невозможно, отсутств\w+,
        редко, (?:трудно|сложно) (?:сказать|назвать|определить|считать)""",
    # The conjunction is written together with the word.
    "Arabic": r"""
        [وف]?غير, [وف]?ليست?, [وف]?ليسا, [وف]?ليسوا, [وف]?لست, [وف]?لسنا, [وف]?لا, [وف]?لم, [وف]?لن, [وف]?ما,
        [وف]?بدون, [وف]?دون, بالكاد, [وف]?بعيد[ةا]?, [وف]?أبعد, [وف]?يصعب, من الصعب, من الخطأ, خطأ\s*\Z, خاطئ\s*\Z,
        [وف]?هل, نادرا, نادرًا, قلما, مشكوك, أشك, أقل, يستحيل, (?:ال)?مستحيل, عديم, بدلا من, ليته""",
    "Hindi": r"न, ना, शायद ही, नहीं, नही, बिना, मुश्किल से, बमुश्किल, क्या, कम, गलत\s*\Z, कदापि",
    "Bengali": r"না, নয়, নেই, বিনা, ছাড়া, খুব কম, কমই, কদাচিৎ, কি, ভুল\s*\Z, অসম্ভব",
    "Urdu": r"نہ, نہیں, بغیر, بمشکل, شاید ہی, مشکل سے, ہرگز, کیا, کم, غلط\s*\Z",
    "Indonesian": r"""
        tidak(?:lah)?, tidaklah, bukan(?:lah)?, belum, tanpa, kurang, tak, tiada, jangan, jauh dari, daripada,
        ketimbang, alih-alih, salah(?! satu), sulit (?:di\w+|untuk|menyebut), sukar, apakah, entah, jarang,
        mustahil, meragukan, diragukan""",
}
"""In front of a mention, in its clause."""
BEFORE_UNSPACED = (
    r"[不没沒无無未勿否]|非(?!常)|(?<![特分类類级級差性个個区區])[别別]"
    r"|[难難](?:说|說|以|讲|講|称|稱|言|判|断|斷|定|算|将|將|把|认|認)|缺[乏少]|与其|與其"
    r"|(?:怀|懷)疑"
)
HEDGES = {
    "English": r"""
        perhaps, maybe, possibly, potentially, conceivably,
        (?:may|might|could) (?:well )?be(?! (?:\w+ )?(?:described|called|label+ed|classified|seen|read|considered
        |categori[sz]ed|summari[sz]ed|rated|tagged|said|interpreted|regarded|viewed|treated)\b)""",
    "German": r"vielleicht, möglicherweise, womöglich, eventuell, könnte",
    "Spanish": r"quiz[aá]s?, tal vez, posiblemente, a lo mejor, podría ser, puede ser",
    "Portuguese": r"talvez, possivelmente, pode(?:ria)? ser",
    "French": r"peut[- ]être, possiblement, pourrait être",
    "Russian": r"возможно, может быть, наверное",
    "Hindi": r"शायद(?! ही), हो सकता है, संभवतः",
    "Bengali": r"হয়তো",
    "Urdu": r"شاید(?! ہی), ہو سکتا ہے",
    "Indonesian": r"mungkin, barangkali",
    "Arabic": r"[وف]?ربما, قد يكون, لعله?",
}
"""In front of a mention, in its clause: what is only possible leaves open which label is meant."""
HEDGES_UNSPACED = "[也或][许許]|可能|恐怕"
AFFIRMED = {
    "English": r"""
        (?:without|no|beyond|not? any|little) (?:a |any )?(?:doubt|question), undoubtedly, not (?:only|just|merely),
        no hesitation, nothing (?:but|less than|short of), more or less""",
    "German": r"ohne (?:jeden )?zweifel, kein(?:e|en)? (?:zweifel|frage), zweifellos, nicht (?:nur|bloß|bloss)",
    "Spanish": r"sin (?:ninguna )?duda, sin lugar a dudas, no (?:solo|sólo|solamente), nada menos que",
    "French": r"sans (?:aucun |nul )?doute, pas seulement, rien de moins que",
    "Portuguese": r"sem (?:nenhuma |qualquer )?dúvida, sem sombra de dúvida, não (?:só|apenas|somente)",
    "Russian": r"без (?:всякого )?сомнени[йя], не только",
    "Arabic": r"بلا (?:أدنى )?شك, دون (?:أدنى )?شك, لا شك, ليس فقط",
    "Hindi": r"बिना (?:किसी )?(?:शक|संदेह)(?: के)?, न केवल",
    "Urdu": r"بے شک, بلا شبہ, نہ صرف",
    "Indonesian": r"tidak diragukan, tanpa (?:ragu|keraguan), tidak hanya, bukan hanya",
}
"""What only sounds like a denial."""
AFFIRMED_UNSPACED = (
    "毫[无無]疑[问問]|[无無]疑|[无無毋][可庸][置质質]疑|不容置疑|不[仅僅但只]|不得不|不如说|不如說|非常|没错|沒錯|不错|不錯"
    "|[に]違いな[いく]|間違いな[いく]|紛れもな[いく]|틀림없|의심할 여지"
)
AFTER = r"""
    (?:is|was|are|were|does|do|did|would|should|can|could|has|have|seems?)\s*(?:not\b|n['’]t\b), cannot\b,
    (?:it|this|that|he|she) (?:is|was|does|would)\s*(?:not\b|n['’]t\b),
    (?:is|was|seems|would be) (?:an? |the )?(?:rather |quite |too )?(?:wrong|incorrect|false|unlikely|absent
    |missing|lacking|ruled out|excluded|out of the question|mistake|error|stretch|overstatement|exaggeration
    |doubtful|questionable|debatable|dubious|unclear|uncertain|inaccurate|misleading|untrue|strong)\b,
    (?:zu \w+ )?(?:ist|wäre|war|wirkt|klingt|scheint) (?:(?!(?:und|oder|aber)\b)\w+ ){0,3}(?:nicht|kaum|falsch
    |ausgeschlossen|übertrieben|fraglich|zweifelhaft|unwahrscheinlich|ein fehler)\b, kann (?:hier )?keine rede,
    no (?:lo )?(?:es|está|parece)\b, não (?:o )?(?:é|está|parece)\b, (?:ce|il|elle|ça|cela) (?:ne\b|n['’]),
    bukan(?:lah)?\b, tidak\b"""
"""Behind a mention, and one word such as "label"."""
AFTER_ANYWHERE = r"""
    नहीं, नही, नहि, कहना (?:\S+ )?(?:गलत|मुश्किल|कठिन|असंभव), क[ेी] (?:बजाय|जगह), से (?:\S+ )?दूर, संदिग्ध,
    মোটেই না, নয়, নেই, না, কি না, কিনা, বলা (?:\S+ )?(?:কঠিন|ভুল|অসম্ভব|মুশকিল), থেকে (?:\S+ )?দূরে, বদলে,
    পরিবর্তে, نہیں, نہ, کہنا (?:\S+ )?(?:غلط|مشکل|ناممکن), ک[ےی] بجائے, سے (?:\S+ )?دور, مشکوک, nahi, nahin, ли"""
AFTER_UNSPACED = (
    "ない|なく|なかっ|ません|とは言え|とはいえ|難い|がたい|かどうか|程遠|ほど遠|どころか|というより|より[はも]|かもしれ"
    "|아니|아닙|아닌|않|없|못|기(?:는|가)? ?(?:어렵|힘들)|불분명|보다|수도 있|[吗嗎]|[与與]否"
)
LESS = r"less, weniger, moins, menos, менее, меньше, not so much, nicht so sehr, no tanto, pas tant"
MORE = r"more, rather, eher, mehr, plus, plutôt, más, mais, более, больше, скорее, lebih"
THAN = r"than, as, als, wie, que, (?:do|de lo) que, чем, нежели, daripada"
"""`LESS positive THAN negative` says the second, `MORE negative THAN positive` denies it."""

# Combining vowels of Devanagari and Bengali are no word characters to `re`. The danda, between sentences, is none.
LETTER = r"[\w\u0900-\u0963\u0966-\u09ff]"


def words(*lists: str) -> str:
    """The pattern of any of the lists' expressions as whole words."""
    return rf"(?<!{LETTER})(?:{alternatives(*lists)})(?!{LETTER})"


def alternatives(*lists: str) -> str:
    """The pattern of any of the lists' expressions, also as NFKC writes them."""
    parts = [part.strip() for text in lists for part in re.split(r",\s", re.sub(r"\n\s*\|", "|", text))]
    forms = dict.fromkeys(form for part in parts for form in (part, unicodedata.normalize("NFKC", part)) if form)
    return "|".join(re.sub(r"\s+", r"\\s+", form) for form in forms)
