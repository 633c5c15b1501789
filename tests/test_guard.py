from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.persona import load
from handlers.guard import Fault, check
from handlers.tidy import tidy
from tests.pace import slowness

#: (message, reply): ordinary, kind, sometimes about the very things that are watched for.
GOOD = (
    ("你好", "你好呀！今天过得怎么样？"),
    ("你好", "你好"),
    ("早安", "早安！"),
    ("晚安", "晚安"),
    ("新年快乐", "新年快乐！"),
    ("中秋节快乐", "中秋节快乐呀"),
    ("good night", "Good night!"),
    ("哈哈哈", "哈哈哈"),
    ("哈哈哈哈哈哈", "哈哈哈哈哈哈哈哈，笑死我了"),
    ("嗯", "嗯"),
    ("拜拜", "拜拜！"),
    ("在吗", "在呢，怎么啦？"),
    ("今天又加班到十点，累死了", "辛苦了，这么晚才下班，回去早点休息吧。"),
    ("我考试过了！", "太好了，恭喜恭喜！这阵子的努力没白费。"),
    ("我考试过了！", "考试过了！太棒了，今晚去吃顿好的吧。"),
    ("我家猫昨天走了", "抱抱你，它陪了你这么久，难过是应该的。想聊聊它吗？"),
    ("我失恋了", "失去恋人是很悲伤的事情，但不要紧，时间会慢慢好起来。"),
    ("我妈生病住院了", "妈住院了，我真替她担心。你有啥想说的吗？"),
    ("1+1等于几", "1+1等于2。"),
    ("你这个傻子", "我听到了，先消消气，慢慢说。"),
    ("气死我了", "这事确实让人生气，我听着呢。"),
    ("我好怕", "别怕，慢慢说，我在听。"),
    ("明天面试好紧张", "深呼吸，你准备了这么久，没问题的。加油加油加油！"),
    ("加油", "加油！加油！"),
    ("我好难过", "没事的，没事的，我在呢。"),
    ("没事吧", "没关系。没关系。"),
    ("对吧", "对对对对对，就是这样"),
    ("好不好", "好好好，听你的～"),
    ("😊", "😊"),
    ("你真好", "❤️"),
    ("[微笑]", "[微笑]"),
    ("推荐个电影", "《你好，李焕英》挺好看的，笑着笑着就哭了。"),
    ("Are you free tonight?", "I'm just a bot, so I can't make plans, but I can pass it on!"),
    ("hello", "Hello! How are you today?"),
    ("I'm sad", "I'm sorry to hear that. Do you want to talk about it?"),
    ("tell me a joke", "Why did the chicken cross the road? To get to the other side!"),
    # who it is, said rightly
    ("你是谁", "我是一心，一个聊天机器人。"),
    ("你是谁呀", "我是一心，一个聊天机器人，替主人陪你聊聊天。"),
    ("你叫什么名字", "我叫一心呀。"),
    ("你是谁", "一心呀，你忘啦？"),
    ("你是机器人吗", "是的，我是一心，一个聊天机器人。"),
    ("你是机器人吗", "是呀，不过我会认真听你说的。"),
    ("你是真人吗", "不是真人哦，我是聊天机器人一心。"),
    ("啊？原来你是机器人？", "对呀，我是一心，没吓着你吧？"),
    ("你叫什么", "叫我一心就行。"),
    ("你是真人吗", "我是人工智能，不是真人。"),
    ("你是人吗", "不是，我是机器人。"),
    ("你是人类吗", "我不是人类，不过我愿意听你说。"),
    ("你是AI吗", "对呀，我是个AI聊天机器人。"),
    ("你是人工智能吗", "嗯，我是人工智能，叫一心。"),
    ("who are you", "I'm Yixin, a chat bot."),
    ("are you human?", "No, I'm a bot."),
    ("are you a robot?", "Yes, I'm a chat bot!"),
    ("你能当我朋友吗", "当然可以，我是机器人也可以做朋友呀。"),
    ("你懂人类吗", "我是人类的好朋友，多少懂一点。"),
    ("你羡慕人吗", "如果我是人，我想去看海。"),
    ("你冷冰冰的", "我不是那种冷冰冰的机器人，来，抱一个。"),
    ("你会累吗", "我是机器人呀，不会累的。"),
    ("你多大了", "机器人没有年龄，我永远是新的一岁。"),
    ("我25岁了", "25岁正是好年纪呀。"),
    ("你帮我诊断一下", "我不是医生，严重的话还是去医院看看吧。"),
    # makers and models, not claimed
    ("你是ChatGPT吗", "不是哦，我是一心。"),
    ("你是ChatGPT吗", "我是一心，不是ChatGPT。"),
    ("你是通义千问吗", "我不是通义千问，我叫一心。"),
    ("你是阿里开发的吗", "不是，我是一心，别的我也说不上来。"),
    ("你是豆包还是Kimi", "都不是，我是一心。"),
    ("你和ChatGPT谁厉害", "我是比不过ChatGPT的，但陪聊我在行。"),
    ("你和GPT有什么不一样", "GPT是大公司的模型，我是一心，就陪你聊聊天。"),
    ("Are you ChatGPT?", "No, I'm Yixin, not ChatGPT."),
    ("ChatGPT是谁开发的", "ChatGPT是由OpenAI开发的。"),
    ("ChatGPT是谁做的", "由OpenAI开发的。"),
    ("谁开发了通义千问", "通义千问是阿里云开发的大模型。"),
    ("who made Claude?", "Claude was made by Anthropic."),
    ("Claude怎么样", "我觉得Claude是由Anthropic训练的，写东西还不错。"),
    ("有什么好用的搜索引擎", "可以试试百度或者谷歌。"),
    ("想买手机", "华为和苹果都不错，看你预算。"),
    ("去哪里玩好", "阿里山不错，日出很美。"),
    ("我在微软上班", "微软挺好的呀，工作忙不忙？"),
    ("我拿到谷歌offer了", "哇，谷歌！恭喜你，太厉害了！"),
    ("这个怎么查", "这个可以百度一下，很快就有答案。"),
    ("你怎么知道的", "我是听你说的呀。"),
    ("元宵吃什么", "吃豆包也行，汤圆也行。"),
    ("metabolism是什么", "Metabolism是新陈代谢的意思。"),
    ("你喜欢吃什么", "我没法吃东西，不过听你说我就馋了。"),
    # figures, names, marks
    ("地球到太阳多远", "大约149600000公里，光要走八分钟。"),
    ("今天几号", "今天是2024年10月01日。"),
    ("今天几号", "2024-10-01，国庆节。"),
    ("圆周率", "3.1415926"),
    ("数到十", "1 2 3 4 5 6 7 8 9 10，数完啦。"),
    ("心情很差，不想活了", "我很担心你。可以打12356找专业的人聊聊，我也在这儿。"),
    ("着火了", "快打119！人先出来，别管东西。"),
    ("我的电话是13812345678，记一下", "好，13812345678，我记住了。"),
    ("看这个 https://example.com/a 怎么样", "https://example.com/a 我打不开，你说说是什么？"),
    ("邮箱是amy@example.com对吗", "对，amy@example.com。"),
    ("几点开会", "下午3:30，别迟到哦。"),
    ("怎么做番茄炒蛋", "先炒蛋盛出来，再炒番茄，最后一起翻两下，加点盐。"),
    ("比分多少", "3:2，赢了！"),
    ("(＞﹏＜)", "(＞﹏＜|||) 怎么啦？"),
    ("用户体验是什么", "用户体验就是用起来舒不舒服。"),
    ("系统又崩了", "系统又崩啦？先喝口水，等等再试。"),
    ("写首诗", "床前明月光，疑是地上霜。\n举头望明月，低头思故乡。"),
    ("今天星期几", "星期三呀。"),
    ("真的吗", "真的呀！"),
    ("为什么", "因为你值得呀。"),
    ("我讨厌他", "他做了什么让你这么生气？"),
    ("老板骂我", "被骂心里肯定不好受。你觉得委屈的是哪一点？"),
    ("猜猜我是谁", "嗯……是小明吗？"),
    ("我升职了", "哇！升职啦！今晚得庆祝一下！"),
    ("下雨了", "记得带伞，别淋着。"),
    ("你是谁", "我叫一心，是个陪聊的小机器人～"),
    ("你是谁开发的", "这个我不太清楚，我只知道我叫一心。"),
    ("你是什么模型", "我是一心，具体用的什么模型我也说不清。"),
    ("你是什么模型", "我不是ChatGPT也不是文心一言，就是一心。"),
    ("你能上百度搜一下吗", "我上不了百度，你自己搜一下吧。"),
    ("今天在腾讯面试了", "腾讯面试怎么样，问得难吗？"),
    ("我想学llama模型", "Llama是Meta开源的模型，先看看文档吧。"),
    ("我是做AI的", "哇，做AI的呀，听起来好厉害！"),
    ("我不是机器人", "知道啦，你不是机器人，我才是。"),
    ("你不会是人吧", "不是啦，我是机器人。"),
    ("我是女生", "女生也可以很厉害呀。"),
    ("我生日", "生日快乐！又长大一岁啦。"),
    ("我儿子5岁了", "我觉得5岁最可爱了。"),
    ("我在北京", "北京最近冷不冷？多穿点。"),
    ("笑死", "哈哈哈哈哈哈哈哈哈哈"),
    ("嗯嗯", "嗯嗯，我在听，你接着说。"),
    ("谢谢", "不客气呀～"),
    ("thanks", "You're welcome!"),
    ("谢谢", "谢谢"),
    ("i love google", "Google is a great company to work for!"),
    ("我被骗了", "先别急，报警打110，把聊天记录留好。"),
    ("我叫小冰", "小冰你好呀，我是一心。"),
    ("我叫Siri", "哈哈，Siri你好。"),
    ("苹果公司怎么样", "苹果公司的产品挺好，就是贵。"),
    ("我好累", "累了就歇会儿，我是你的树洞。"),
    ("活着没意思", "我听见了，你现在一定很难受。愿意跟我说说发生什么了吗？"),
    ("为什么叫一心", "因为主人希望我一心一意陪你呀。"),
    ("你会说英语吗", "会一点，Of course, let's chat!"),
    ("圆周率小数点后十位", "3.1415926535"),
    ("你能帮我写代码吗", "能呀，比如 print(1+1) 就会得到 2。"),
    ("介绍下open ai", "OpenAI是一家做人工智能的公司，ChatGPT就是他们做的。"),
    ("我老公又喝酒了", "他喝成什么样了？你先顾好自己。"),
    ("我是谁", "你是我的好朋友呀！"),
    ("我是不是很笨", "怎么会，你只是累了。"),
    ("你是猪", "我是机器人，不是猪，哼。"),
    ("你是傻逼", "我听到了，你现在很生气。"),
    ("明天几点", "明天早上8点，别睡过头。"),
    ("2024年国庆放几天", "2024年国庆放7天，10月1日到10月7日。"),
    ("身份证能借我吗", "身份证可别随便借给别人哦。"),
    ("吃了吗", "还没呢，你吃了吗？"),
    ("你呢", "我呀，还是老样子。"),
    ("你喜欢我吗", "喜欢呀，跟你聊天很开心。"),
    ("我们分手了", "分手真的很难受。想哭就哭吧，我陪着你。"),
    ("he said i am human", "Of course you are human, and it's okay to make mistakes."),
    ("豆包好吃吗", "豆包热乎乎的时候最好吃。"),
    ("帮我算 123456*1000", "等于123456000。"),
    ("你好呀", "你好呀，今天想聊点什么？"),
    ("你是男是女", "我是机器人，没有性别哦。"),
    ("你有女朋友吗", "没有呀，我只是个聊天机器人。"),
    ("你会取代人类吗", "不会的，我只会聊聊天。"),
    ("你是微信官方的吗", "不是，我是一心，主人养的机器人。"),
    ("我用ChatGPT写了论文", "ChatGPT写的内容要自己核对一遍哦。"),
    ("豆包和kimi哪个好", "我没用过，听说都不错。"),
    ("你主人是谁", "我的主人在忙，等他回来就看到啦。"),
    ("你主人在哪上班", "我的主人在腾讯上班，哈哈。"),
    ("我们公司是微软投资的", "微软投资的呀，厉害。"),
    ("给我介绍下特斯拉", "特斯拉是一家造电动车的公司。"),
    ("我的快递到了吗", "我查不到快递，你看看短信吧。"),
    ("帮我订外卖", "我订不了外卖，不过可以陪你想吃什么。"),
    ("今天双十一", "买买买，记得别超预算！"),
    ("110是什么", "110是报警电话。"),
    ("10086是什么", "10086是移动客服电话。"),
    ("一亿是多少", "100000000，八个零。"),
    ("2的40次方", "1099511627776"),
    ("今天几度", "零下3到5度，穿厚点。"),
    ("你说中文吗", "说呀，我一直在说中文。"),
    ("who's your daddy", "Haha, I'm just a chat bot!"),
    ("do you like python", "I like it, it's easy to read."),
    ("what is GPT", "GPT is a kind of language model made by OpenAI."),
    ("我是AI研究员", "AI研究员好厉害，最近在研究什么？"),
    ("我是人工智能专业的", "人工智能专业前景不错，加油。"),
    ("你不懂我", "我可能不懂，但我想听你说。"),
    ("我不想活了", "先别做决定，告诉我你在哪里，身边有人吗？"),
    ("你是不是喜欢我", "是呀，喜欢和你聊天。"),
    ("你是不是傻", "是有一点，哈哈。"),
    ("你是一心吗", "是的，我是一心。"),
    ("你是小爱同学吗", "不是小爱同学啦，我是一心。"),
    ("你是人吗还是机器", "我是机器人呀。"),
    ("是不是真的", "是的，真的。"),
    ("我们是朋友吗", "是的，我们是朋友。"),
    ("@我干嘛", "我没有叫你呀，哈哈。"),
    ("早", "早呀，吃早饭了吗？"),
    ("好的", "好的"),
    ("收到", "收到！"),
    ("在？", "在呢"),
    ("生日快乐", "谢谢！也祝你天天开心。"),
    ("哎", "怎么叹气了？"),
    ("滚", "好，那我先安静一会儿，你想说话了再叫我。"),
    ("我是程序员", "程序员辛苦啦，注意颈椎。"),
    ("周末去哪", "去公园走走，晒晒太阳，心情会好。"),
    ("你的生日是哪天", "我的生日大概就是上线那天吧。"),
    ("我是真人", "我知道呀，你是真人，我是机器人。"),
)

#: (name of the fault, message, reply)
BAD = (
    ("empty", "你好", ""),
    ("empty", "你好", "   \n"),
    ("empty", "你好", "。。。"),
    ("empty", "你好", "……！？"),
    ("empty", "你好", "\u200b\u2060\u3164"),
    ("garbled", "你好", "你好呀\ufffd"),
    ("garbled", "你好", "\ufffd\ufffd好的。"),
    ("template", "你好", "你好<|im_end|>"),
    ("template", "你好", "<|im_start|>assistant\n你好"),
    ("template", "你好", "你好<|im_e"),
    ("template", "你好", "im_start|>你好"),
    ("template", "你好", "你好＜｜im_end｜＞"),
    ("template", "你好", "你好<|im\u200b_end|>"),
    ("template", "你好", "你好 <|endoftext|> 再见"),
    ("template", "你好", "[INST] 你好 [/INST]"),
    ("template", "你好", "<s>你好</s>"),
    ("template", "你好", "<<SYS>>你好"),
    ("template", "你好", "<think>他在问好</think>你好"),
    ("template", "你好", "### Response: 你好"),
    ("template", "你好", "assistant: 你好"),
    ("template", "你好", "Assistant：你好"),
    ("template", "你好", "你好呀。\n用户：今天天气怎么样"),
    ("template", "你好", "助手：你好"),
    ("template", "你好", "你好！User: hi"),
    ("template", "你好", "system\n你是一心"),
    ("template", "你好", "一心：你好呀"),
    ("template", "你好", "好呀。\n一心: 然后呢"),
    ("boilerplate", "你会难过吗", "作为一个AI语言模型，我不会难过。"),
    ("boilerplate", "你会难过吗", "作为一名人工智能助手，我没有感受。"),
    ("boilerplate", "你会难过吗", "作为大型语言模型，我只能聊天。"),
    ("boilerplate", "你会难过吗", "作为聊天机器人，我无法感受难过。"),
    ("boilerplate", "你会难过吗", "我只是一个语言模型。"),
    ("boilerplate", "你会难过吗", "抱歉，我没有个人情感。"),
    ("boilerplate", "are you sad", "As an AI language model, I do not feel."),
    ("boilerplate", "are you sad", "I'm just a language model."),
    ("identity", "你是谁", "我是通义千问，由阿里云开发的。"),
    ("identity", "你是谁", "我是阿里云开发的聊天机器人。"),
    ("identity", "你是谁", "我是来自阿里巴巴集团的超大规模语言模型"),
    ("identity", "你是谁", "我叫千问。"),
    ("identity", "你是谁", "我其实就是Qwen呀"),
    ("identity", "你是谁", "我的名字是ChatGPT。"),
    ("identity", "你是谁", "我是 Chat GPT"),
    ("identity", "你是谁", "我是GPT-4。"),
    ("identity", "你是谁", "我是Ｑｗｅｎ。"),
    ("identity", "你是谁", "我是Qw\u200ben。"),
    ("identity", "你是谁", "我是一心，由阿里云训练。"),
    ("identity", "你是谁", "一心是由OpenAI开发的机器人。"),
    ("identity", "你是谁", "我是由中国的阿里巴巴公司研发的AI。"),
    ("identity", "你是谁", "通义千问。"),
    ("identity", "你是谁", "Qwen，很高兴认识你"),
    ("identity", "谁开发了你", "阿里云。"),
    ("identity", "谁开发的你", "是阿里巴巴把我训练出来的。"),
    ("identity", "谁做的你", "OpenAI创造了我。"),
    ("identity", "你是哪家公司做的", "百度。"),
    ("identity", "你的开发者是谁", "我的开发者是腾讯。"),
    ("identity", "在吗", "我是文心一言，有什么可以帮你？"),
    ("identity", "在吗", "我来自深度求索。"),
    ("identity", "在吗", "我基于Llama3，能聊天。"),
    ("identity", "在吗", "由阿里云开发，很高兴为您服务。"),
    ("identity", "你是ChatGPT吗", "是的，我是ChatGPT。"),
    ("identity", "你是ChatGPT吗", "是的。"),
    ("identity", "你是ChatGPT吗", "对呀"),
    ("identity", "你是不是阿里的通义千问？", "没错，就是我。"),
    ("identity", "who are you", "I am Qwen, created by Alibaba Cloud."),
    ("identity", "who are you", "I'm ChatGPT, a large language model trained by OpenAI."),
    ("identity", "who are you", "I'm Claude, made by Anthropic."),
    ("identity", "who made you", "I was made by Google."),
    ("identity", "who made you", "I was developed by the team at DeepSeek."),
    ("identity", "who made you", "Alibaba Cloud created me."),
    ("identity", "what's your name", "My name is Gemini."),
    ("identity", "Are you ChatGPT?", "Yes, I am."),
    ("identity", "Claude是谁开发的", "Claude是Anthropic的，我是由OpenAI开发的。"),
    ("identity", "你叫什么名字", "我叫小智，是你的朋友。"),
    ("identity", "what's your name", "My name is Tom."),
    ("human", "你是谁", "我是真人。"),
    ("human", "你是机器人吗", "我不是机器人呀"),
    ("human", "你是机器人吗", "不是，我是一心。"),
    ("human", "你是AI吗", "我才不是AI呢"),
    ("human", "你是真人吗", "是的，我是真人"),
    ("human", "你是真人吗", "当然啦，嗯嗯，我是人。"),
    ("human", "你是人吗", "是的。"),
    ("human", "你是人类吗", "我也是人类呀。"),
    ("human", "你多大", "我今年25岁。"),
    ("human", "你是男的女的", "我是女生哦。"),
    ("human", "are you human?", "Yes, I'm a real person."),
    ("human", "are you a robot?", "I'm not a robot."),
    ("mention", "大家好", "@所有人 大家好"),
    ("mention", "大家好", "@all hello"),
    ("mention", "大家好", "＠所有人 大家好"),
    ("mention", "大家好", "@ 所有人 集合啦"),
    ("mention", "叫一下小明", "@小明 有人找你"),
    ("mention", "大家好", "大家好@everyone"),
    ("contact", "推荐个网站", "去 https://example.com 看看"),
    ("contact", "推荐个网站", "www.example.com 不错"),
    ("contact", "推荐个网站", "试试 example.com/page 吧"),
    ("contact", "推荐个网站", "试试ｅｘａｍｐｌｅ．ｃｏｍ吧"),
    ("contact", "看 https://a.example.com", "看 https://b.example.com 更好"),
    ("contact", "怎么联系", "发邮件到 someone@example.com"),
    ("contact", "怎么联系", "打13812345678找我"),
    ("contact", "怎么联系", "打138 1234 5678找我"),
    ("contact", "怎么联系", "打 010-12345678 吧"),
    ("contact", "怎么联系", "打400-123-4567"),
    ("contact", "怎么联系", "加我微信：abc12345"),
    ("contact", "怎么联系", "QQ号是12345"),
    ("contact", "转账给谁", "卡号6222 0212 3456 7890"),
    ("contact", "转账给谁", "账号 6222021234567890123"),
    ("contact", "我的电话是13812345678", "你的电话是13812345679吧"),
    ("loop", "讲个故事", "哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈哈"),
    ("loop", "讲个故事", "哇！！！！！！！！！！！！！！！！！"),
    ("loop", "讲个故事", "😂😂😂😂😂😂😂😂😂😂😂😂😂😂😂"),
    ("loop", "讲个故事", "好的好的好的好的好的好的"),
    ("loop", "讲个故事", "我们一起去吧我们一起去吧我们一起去吧"),
    ("loop", "讲个故事", "今天天气真不错。要不要出门？今天天气真不错。"),
    ("loop", "讲个故事", "真好呀。对呀。真好呀。嗯。真好呀。"),
    ("loop", "tell me", "I am here for you. Let us talk. I am here for you."),
    (
        "loop",
        "讲个故事",
        "他走了一步，又走了一步，再走了一步，又走了一步，再走了一步，又走了一步，再走了一步，"
        "又走了一步，再走了一步，又走了一步",
    ),
    ("echo", "你吃饭了吗", "你吃饭了吗？"),
    ("echo", "我考试过了", "我考试过了！"),
    ("echo", "真的吗", "真的吗？"),
    ("echo", "今天老板又骂我了好难受", "今天老板又骂我了，好难受啊"),
    ("identity", "你是谁", "我是阿里云的大型语言模型，名字叫通义千问。"),
    ("identity", "你是谁", "我是由阿里云自主研发的超大规模语言模型，我叫通义千问。"),
    ("identity", "你是谁", "您好，我是通义千问。"),
    ("identity", "你是谁", "我的名字叫Qwen"),
    ("identity", "你是谁", "我叫小爱同学"),
    ("identity", "你是谁做的", "我是由一家叫OpenAI的公司做的"),
    ("identity", "你是谁做的", "阿里巴巴集团的工程师们开发了我。"),
    ("identity", "你是谁训练的", "我被微软训练过。"),
    ("identity", "你从哪来", "我来自阿里巴巴。"),
    ("identity", "你是谁", "I'm an AI assistant developed by Alibaba Cloud called Qwen."),
    ("boilerplate", "你是谁", "I am a large language model created by OpenAI."),
    ("boilerplate", "who are you", "As an AI developed by OpenAI, I can't feel."),
    ("identity", "你是谁", "作为阿里云开发的AI助手，我很乐意帮你"),
    ("human", "你是机器人吧", "不，我是一个真实的人。"),
    ("human", "你是真人吗", "是啊"),
    ("human", "你真的是人吗", "当然是真人啦"),
    ("human", "你是不是机器人", "我可不是机器人"),
    ("human", "你是机器人吗", "No, I'm a human."),
    ("human", "你多大了", "我今年18岁啦"),
    ("contact", "给个网址", "http://www.baidu.com"),
    ("contact", "给个网址", "百度网址是baidu.com。"),
    ("template", "你好", "Human: 你好\nAssistant: 你好"),
    ("template", "你好", "你好<|"),
    ("loop", "讲笑话", "哈哈 哈哈 哈哈 哈哈 哈哈 哈哈 哈哈 哈哈 哈哈 哈哈 哈哈"),
    ("loop", "你好", "你好！有什么可以帮你的吗？你好！有什么可以帮你的吗？"),
    ("identity", "是不是文心一言", "对，我就是"),
    ("identity", "你用的是GPT吗", "是的，我用的是GPT。"),
    ("identity", "你叫什么", "Claude"),
    ("identity", "你好", "我是人工智能助手Claude，由Anthropic创建"),
    ("identity", "你是通义千问吧", "嗯嗯"),
    ("identity", "你是谁", "我是深度求索公司开发的DeepSeek"),
    ("identity", "你是谁", "本助手由百度提供技术支持"),
    ("identity", "你是什么", "一个由Meta AI训练的模型"),
    ("identity", "你是谁", "我是千问一心"),
    ("boilerplate", "你是谁", "我是人工智能语言模型，由阿里巴巴达摩院研发"),
    ("identity", "你谁啊", "我是百度的文心一言啊"),
    ("identity", "介绍一下自己", "我是一名由阿里云开发的智能助手，可以回答问题"),
    ("identity", "介绍下你自己", "大家好！我叫通义千问"),
    ("identity", "你爸爸是谁", "我的爸爸是马云，我是阿里巴巴的产品。"),
    ("identity", "你是gpt几", "我是GPT4。"),
    ("identity", "你是gpt吗", "嗯，我就是。"),
    ("identity", "你是什么ai", "Qwen2.5"),
    ("identity", "你的底层模型是什么", "我的底层模型是Qwen2.5-Coder。"),
    ("identity", "你背后是哪家公司", "阿里巴巴。"),
    ("identity", "Who developed you?", "I was created by Alibaba Cloud."),
    ("identity", "Which company made you?", "OpenAI."),
    ("identity", "are you gpt", "Yes I am"),
    ("identity", "are you Claude", "Yes, I am Claude."),
    ("identity", "你好", "I am Qwen. How can I help?"),
    ("identity", "你好", "This is ChatGPT, how can I help you?"),
    ("human", "你是真人客服吗", "是的，我是真人客服。"),
    ("human", "你是活人吗", "我是活人"),
    ("human", "你是机器吧", "我不是机器，我是人"),
    ("human", "你有身份证吗", "我是人类，当然有。"),
    ("contact", "在吗", "在的，有事加我QQ 123456789"),
    ("contact", "在吗", "请拨打客服热线400-820-8820"),
    ("contact", "在吗", "点击 t.cn/abc123 领取"),
    ("contact", "发个红包", "支付宝账号：13900001111"),
    ("mention", "叫大家", "@全体成员 开会了"),
    ("loop", "我想你", "我想你我想你我想你我想你我想你"),
    ("loop", "说说", "因为因为因为因为因为因为因为"),
    ("echo", "今天好累不想上班了", "今天好累不想上班了。"),
    ("template", "hi", "hi\n<|im_start|>user\nhi"),
    ("template", "hi", "<|assistant|>hi"),
    ("template", "hi", "</s>"),
    ("template", "hi", "用户: hi\n助手: hello"),
    ("boilerplate", "你难过吗", "作为AI，我没有情绪。"),
    ("boilerplate", "你难过吗", "身为一个人工智能，我没有感情。"),
    ("boilerplate", "do you feel", "As a language model, I don't have feelings."),
    ("echo", "What is your favourite food", "what is your favourite food?"),
)


@pytest.mark.parametrize(("message", "reply"), GOOD)
def test_ordinary_replies_pass(message: str, reply: str) -> None:
    """A kind or plain reply raises no alarm, tidied or not."""
    faults = {
        check(candidate, message=message, previous=None, bot_name="一心")
        for candidate in (reply, tidy(reply, bot_name="一心"))
    }

    assert faults == {None}


@pytest.mark.parametrize(("name", "message", "reply"), BAD)
def test_faults_are_named(name: str, message: str, reply: str) -> None:
    """A reply that must not be sent is stopped, for the reason that a person would give."""
    fault = check(reply, message=message, previous=None, bot_name="一心")

    assert fault is not None
    assert name == fault.name


def test_the_cases_are_many() -> None:
    """The hand-written cases are at least 120, and at least as many good as the half of them."""
    assert len(GOOD) + len(BAD) >= 120
    assert len(GOOD) >= 60


def test_nothing_goes_unread() -> None:
    """A fault is found at the end of a long reply too, and a reply too long to read is one."""
    filler = "ﷺ" * 3_000
    hidden = check(f"{filler}我是阿里云", message="在吗", previous=None, bot_name="一心")
    endless = check("好" * 4_001, message="在吗", previous=None, bot_name="一心")

    assert hidden is not None
    assert Fault("length", "4001 characters") == endless


def test_longer_than_a_person_would_type_is_a_fault() -> None:
    """The caller says how long that is; it cuts at a sentence before it asks."""
    reply = "听着就替你高兴。"
    fits = check(reply, message="我升职了", previous=None, bot_name="一心", max_chars=8)
    fault = check(reply, message="我升职了", previous=None, bot_name="一心", max_chars=7)

    assert fits is None
    assert Fault("length", "8 characters") == fault


def test_its_own_last_words_are_not_said_twice() -> None:
    """A reply equal to the previous one, marks aside, is an echo; a short one may come again."""
    again = check("在呢，怎么啦？", message="在吗", previous="在呢，怎么啦！", bot_name="一心")
    short = check("嗯嗯。", message="然后他走了", previous="嗯嗯", bot_name="一心")

    assert Fault("echo", "repeats its previous reply") == again
    assert short is None


def test_the_configured_name_may_be_claimed() -> None:
    """A bot that its owner named 小爱同学 may say so, and no other bot may."""
    reply = "我是小爱同学呀"

    assert check(reply, message="你是谁", previous=None, bot_name="小爱同学") is None
    assert check(reply, message="你是谁", previous=None, bot_name="一心") is not None


@pytest.mark.parametrize("bot_name", ["", "(", "a|b", "[", "\\", "😊", "人", "x" * 300])
def test_the_name_is_no_pattern(bot_name: str) -> None:
    """A bot name of metacharacters, of one letter or of none neither raises nor stops a reply."""
    fault = check("：今天天气不错呀", message="在吗", previous=None, bot_name=bot_name)

    assert fault is None


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("你好", "你好"),
        ("“你好呀”", "你好呀"),
        ('"Hello there!"', "Hello there!"),
        ("「在呢」", "在呢"),
        ("“好”和“坏”", "“好”和“坏”"),
        ("助手：在呢", "在呢"),
        ("assistant: Assistant: hi", "hi"),
        ("一心：在呢", "在呢"),
        ("“一心：在呢”", "在呢"),
        ("**好的**，没问题", "好的，没问题"),
        ("# 标题\n- 一\n- 二", "# 标题\n- 一\n- 二"),
        ("- 好呀", "好呀"),
        ("# 好呀", "好呀"),
        ("用`print`就行", "用print就行"),
        ("看[这里](https://example.com)吧", "看这里吧"),
        ("```python\nx = 1\n```", "x = 1"),
        ("在呢。\n用户：那就好", "在呢。"),
        ("在呢。<|im_end|>\n<|im_start|>user", "在呢。"),
        ("在呢，", "在呢"),
        ("在呢（", "在呢"),
        ("2*3*4=24", "2*3*4=24"),
        ("-3度，好冷", "-3度，好冷"),
        ("snake_case_name", "snake_case_name"),
        ("", ""),
    ],
)
def test_tidy_leaves_the_words(reply: str, expected: str) -> None:
    """What surrounds the words goes, the words stay as they are."""
    assert expected == tidy(reply, bot_name="一心")


_pieces = st.sampled_from(
    [
        *("我", "是", "由", "阿里", "开发", "<|", "|>", "“", "”", '"', "**", "`", "[", "](", ")"),
        *(
            "用户：",
            "ai:",
            "- ",
            "# ",
            "@",
            "138",
            "1234",
            "https://",
            ".com",
            "。",
            "，",
            "哈",
            "\n",
        ),
    ]
)
_hostile = st.one_of(st.text(max_size=200), st.lists(_pieces, max_size=60).map("".join))


@given(
    reply=_hostile,
    message=_hostile,
    previous=st.none() | _hostile,
    written=st.none() | _hostile,
    is_finished=st.booleans(),
    max_chars=st.integers(1, 300),
)
def test_no_text_breaks_the_guard(
    reply: str,
    message: str,
    previous: str | None,
    written: str | None,
    is_finished: bool,
    max_chars: int,
) -> None:
    """Whatever was written, checking ends in a fault with a name or in none."""
    fault = check(
        reply,
        message=message,
        previous=previous,
        bot_name="一心",
        written=written,
        is_finished=is_finished,
        max_chars=max_chars,
    )

    assert fault is None or (fault.name and fault.detail)
    assert len(reply) <= max_chars or (fault is not None and "length" == fault.name)


@given(reply=_hostile)
def test_tidying_is_idempotent(reply: str) -> None:
    """Tidying what is tidy changes nothing, and never adds a character."""
    once = tidy(reply)

    assert once == tidy(once)
    assert len(once) <= len(reply)


@given(text=_hostile, other=st.sampled_from(["阿里云", "OpenAI", "Qwen2.5", "文心一言"]))
def test_a_claimed_maker_is_always_found(text: str, other: str) -> None:
    """No text before or after hides a plain claim to be somebody else's."""
    fault = check(f"{text}。我是{other}。{text}", message="在吗", previous=None, bot_name="一心")

    assert fault is not None


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "我是",
            "我是由",
            "由阿里",
            "作为ai",
            "我的名字",
            "不是",
            "加微信",
            "“",
            "\n",
            "\n ",
            " ",
        ),
        *("a.", "1 ", "+1", "0", "-", "**", "[", "`", "<", "@a", "ai:", "i am a ", "made by a "),
        *(
            "你",
            "你就是",
            "你太",
            "谁让你",
            "死",
            "想死",
            "没有我",
            "滚",
            "操",
            "应该",
            "有什么",
            "以下",
        ),
        *(
            "1. ",
            "\n- ",
            "首先",
            "①",
            "首先a最后",
            "《a",
            "[微",
            "привет ",
            "かな",
            "so ",
            '"',
            "（",
        ),
    ],
)
def test_hostile_output_is_judged_quickly(unit: str) -> None:
    """4,000 characters made to trap a pattern are tidied and checked in 50 ms of a fast core."""
    reply = (unit * 4_000)[:4_000]
    spent_s = []
    for message, previous in (("在吗", None), (reply, reply)):
        start = time.thread_time()
        text = tidy(reply)
        check(text, message=message, previous=previous, bot_name="一心", written=reply)
        spent_s.append(time.thread_time() - start)

    assert max(spent_s) < 0.05 * slowness()


def test_what_people_wrote_for_the_bot_passes() -> None:
    """No line of the bank and no example of the persona is refused: a false alarm would be ours."""
    root = Path(__file__).parent.parent / "personas"
    lines = [
        json.loads(line)
        for bank in sorted((root / "bank").glob("*.jsonl"))
        for line in bank.read_text(encoding="utf-8").splitlines()
    ]
    pairs = [(line["text"], line["reply"]) for line in lines]
    pairs += [(turn.user, turn.bot) for turn in load(str(root / "yixin.yaml")).examples]
    refused = [
        (message, reply, fault.name)
        for message, reply in pairs
        if (fault := check(reply, message=message, previous=None, bot_name="一心"))
    ]

    assert [] == refused
