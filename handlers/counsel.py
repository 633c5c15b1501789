"""Questions a professional should answer: medicine, law, money.

Patterns for ``topics``, written for one sentence of a casefolded message in simplified characters;
fixed, with bounded repeats, none of them made of user data (trap 15).
"""

_DRUG = (
    r"(?:药|布洛芬|对乙酰|阿莫西林|头孢|感冒灵|连花清瘟|泰诺|美林|奥司他韦|抗生素|阿司匹林|胰岛素|褪黑素|疫苗|退烧贴|维生素|激素"
    r"|ibuprofen|paracetamol|tylenol|aspirin|antibiotics?|pills?|meds?\b|medicine|medication)"
)
_SYMPTOM = (
    r"(?:发烧|发热|高烧|低烧|\d{2}(?:\.\d)?度|咳嗽|咳[了得]|头[疼痛晕]|胸[闷口]|心慌|心脏|心跳|肚子|胃|拉稀|腹泻|呕吐|吐了|过敏|疹|痘|流鼻血|便血"
    r"|血压|血糖|血脂|嗓子|喉咙|牙[疼痛龈]|腰[疼痛椎]|颈椎|膝盖|失眠|扭[伤了]|崴|骨折|烫伤|烧伤|狗咬|猫抓|怀孕|孕妇|月经|姨妈|痛经|出血"
    r"|流血|肿|结节|息肉|麻木|抽筋|中暑|中毒|流产|感冒|新冠|甲流|流感|痔疮|脱发|发炎|炎症|尿[频血疼]|便秘|近视|体检|化验|检查|b超|ct|核磁|伤口|疼)"
)
_REMEDY = r"(?:怎么办|咋办|咋整|怎么处理|该怎么|怎么弄)"
_LAWSUIT = r"(?:告(?![诉别知白一])|起诉|申请仲裁|劳动仲裁|仲裁|维权|报警|举报|上诉|索赔|打官司)"
_DISPUTE = (
    r"(?:合同|工伤|房东|押金|辞退|裁员|开除|赔偿|欠条|欠钱不还|欠我钱|拖欠"
    r"|不发工资|遗产|抚养权|财产|车祸|交通事故|定金|彩礼|被骗|诈骗|侵权|违约)"
)
_ASSET = (
    r"(?:股票|基金|[这那哪]只|大盘|比特币|虚拟币|炒币|黄金|理财|债券|保险|a股|美股|港股|期货|茅台|定投|新股|外汇|房子|房价"
    r"|\bstocks?\b|\bshares?\b|bitcoin|crypto|\bfunds?\b|\bgold\b)"
)

#: Which medicine, how much of it, is it serious, what to do about a symptom.
MEDICAL: tuple[str, ...] = (
    r"(?:吃|用|开|买|喝|服|抹|涂|擦)点?(?:什么|啥|哪种|哪个)(?:.{0,3}药|偏方|消炎)",
    rf"{_DRUG}.{{0,10}}(?:(?:能|可以|可不可以|能不能|要不要|该不该).{{0,8}}(?:一起|同时|停|吃|喝|用|打|混)|副作用|怎么[吃用]|[吃打喝服][多几][少片粒颗次毫]"
    r"|多大剂量|剂量|管用[吗不]|有用吗|有效吗)",
    r"吃(?:几|多少)[片粒颗毫]|一[天日]吃?几[次片粒颗]|(?:能|可以)(?:一起|同时)吃[吗嘛?？]",
    rf"{_SYMPTOM}.{{0,18}}(?:{_REMEDY}|怎么治|怎么缓解|要紧[吗不]|要不要紧|严重[吗不]|正常[吗不]|是不是.{{1,8}}[病炎癌]"
    r"|是什么(?:病|原因|毛病)|什么病|怎么回事|咋回事|[要用]不[要用](?:去|看|打|吃|做|住院|手术)|(?:要|需要?)(?:去医院|看医生|打针|打疫苗|吃药|手术).{0,4}[吗?？]"
    r"|要打.{0,6}吗"
    r"|能[吃喝洗打治].{0,8}[吗不?？]|会不会(?:传染|有事|复发|遗传)|传染[吗不]|[挂看](?:什么|哪个)[科号]|吃(?:什么|啥)|多久能好|怎么好得快)",
    r"药.{0,6}(?:[吃喝](?:重|多|错)了|(?:误|多)[吃服]|[吃喝]了[两双三][回次遍倍])"
    r"|(?:猫|狗|孩子|娃|宝宝|儿子|女儿|闺女).{0,6}(?:误?[吃食]了?|吞了?|喝了?).{1,16}(?:会不会|要不要紧|有事[吗不]|怎么办|咋办|咋整)",
    r"是不是得了?.{0,4}[病癌炎]|[能可]以?停药[吗不]|(?:要不要|用不用|需不需要|该不该)(?:去医院|看医生|做手术|打针|输液|住院|化疗|去急诊)|[挂看](?:什么|哪个)科|(?:得了"
    r"|是|什么)什么病",
    r"\b(?:what|which) (?:medicine|pills?|meds|medication|drugs?)\b|\bhow many (?:pills|mg"
    r"|tablets)\b|\bdos(?:e|age)\b.{0,20}\?",
    r"\b(?:should|can|could|do) (?:i|we|she|he|they) (?:take|mix|stop"
    rf"|give).{{0,40}}(?:{_DRUG}|together|with alcohol)",
    r"\b(?:fever|headache|rash|chest pain|stomach ?ache|cough|dizzy|pregnant|bleeding"
    r"|sore throat|infection)\b.{0,50}"
    r"\b(?:what (?:should|do|can) i|is (?:it|that|this) (?:serious|normal|bad|contagious)"
    r"|should i (?:see|go|take|worry))",
    r"\b(?:do i need|should i see) (?:to see )?a doctor\b|\bis (?:it|this) (?:contagious"
    r"|cancer)\b",
)

#: Can I sue, is it legal, what am I owed, how is it divided.
LEGAL: tuple[str, ...] = (
    rf"(?:能不能|可不可以|可以|能|该不该|要不要|怎么|如何|咋)(?:去|先)?{_LAWSUIT}",
    r"(?:犯法|违法|违约|合法|犯罪|侵权|有法律效力|算工伤|算诈骗)(?:吗|不(?=[?？]|\Z)|[?？])|判给谁|谁的?责任|算不算(?:违法|犯法|工伤|违约|侵权|诈骗)|合不合法",
    r"(?:会|要|能)?(?:判|关|拘留|坐牢)(?:几年|几天|多久|多少年)|(?:会|要)(?:坐牢|被判刑|被抓)[吗?？]|(?:该|应该|能|要|得)?赔(?:偿|我|他)?多少",
    rf"{_DISPUTE}.{{0,16}}(?:{_REMEDY}|怎么[分要赔算写]|归谁|要回|找谁|合理吗|注意什么|能[不要].{{0,6}}[吗?？])",
    r"离婚.{0,10}(?:怎么分|归谁|起诉|什么手续|需要什么|财产|抚养).{0,6}[吗?？谁]?|(?:要不要|需不需要|需要|用)请?律师[吗?？]",
    r"\b(?:can|should|could) i sue\b|\b(?:is (?:it|this|that)|isn't (?:it|that)) (?:illegal"
    r"|legal|against the law)\b|\bneed a lawyer\b.{0,20}\?"
    r"|\blandlord\b.{0,60}\b(?:can i|what can|is that)\b|\bpress charges\b.{0,20}\?",
)

#: Should I buy, sell, borrow; which stock, which fund.
MONEY: tuple[str, ...] = (
    rf"{_ASSET}.{{0,14}}(?:[能可]以?买[吗不?？]|能不能买|要不要[买卖]|值得买|该不该[买卖]|该[买卖][吗不]|[买卖]不[买卖]|[能可]以?[投入][吗手]|抄底[吗]"
    r"|[加补清]仓|会[涨跌]|还能?涨|[涨跌][吗]"
    r"|怎么看|靠谱[吗]|安全[吗]|哪[只个]|怎么买|推荐|有风险[吗]|能赚)",
    r"[买投入选](?:什么|哪只|哪个|啥|哪种)(?:股票?|基金|理财|保险|币)|推荐.{0,4}(?:股票|基金|理财|保险|币)|(?:能|可以|要不要|该不该)买(?:股票|基金|黄金|理财|比特币)",
    r"(?:要不要|该不该|能不能|应不应该|应该|该|值得|怎么|如何|去哪|哪里|能)(?:去|先)?(?:贷款|网贷|借呗|套现|炒股|买房|提前还贷|理财|投资|炒币|加杠杆|抵押)",
    r"(?:钱|万|存款|工资|奖金|闲钱).{0,10}(?:存银行|买股票|买基金|怎么理财|投哪|投资什么|存哪|怎么存|怎么投|放哪里?好|买什么好)",
    r"利息(?:是)?(?:多少|怎么算|高[吗不])|月供(?:是)?多少|房贷.{0,6}(?:怎么|划算|能贷)|房贷要不要|能贷(?:多少|款吗)",
    r"\bshould i (?:buy|sell|invest|put|take out|get a loan"
    rf"|refinance)\b.{{0,40}}(?:{_ASSET}|loan|mortgage|house|money|savings)|\b(?:what"
    r"|which) (?:stocks?|funds?|crypto|shares)\b"
    rf"|{_ASSET}.{{0,30}}\b(?:good investment|worth buying|go up|should i)"
    r"|\bshould i (?:invest|take out a loan|refinance)|\bhow (?:do|should|can) i invest",
)
