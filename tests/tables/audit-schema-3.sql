-- A log that the Yixin of schema 3 wrote and was killed over, dumped.
BEGIN TRANSACTION;
CREATE TABLE corrections (
	id INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	label TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	given_by TEXT NOT NULL, 
	given_at DOUBLE NOT NULL, 
	exchange_id TEXT, 
	PRIMARY KEY (id), 
	FOREIGN KEY(exchange_id) REFERENCES exchanges (id)
);
INSERT INTO "corrections" VALUES(1,'在吗','happy','mood','owner',1002.0,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
CREATE TABLE exchanges (
	id TEXT NOT NULL, 
	seq INTEGER NOT NULL, 
	run_id INTEGER NOT NULL, 
	message_id TEXT NOT NULL, 
	chat_id TEXT NOT NULL, 
	room_name TEXT, 
	talker_id TEXT NOT NULL, 
	talker_name TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	sent_at DOUBLE NOT NULL, 
	received_at DOUBLE NOT NULL, 
	raw TEXT NOT NULL, 
	text TEXT NOT NULL, 
	cleaned TEXT NOT NULL, 
	quoted TEXT NOT NULL, 
	mood TEXT, 
	sentiment TEXT, 
	polarity DOUBLE, 
	offence DOUBLE, 
	confidence DOUBLE, 
	scores JSON, 
	unsure BOOLEAN, 
	mood_ms DOUBLE, 
	action TEXT, 
	rule TEXT, 
	rule_detail TEXT, 
	gate TEXT, 
	detail TEXT NOT NULL, 
	reply TEXT, 
	reply_source TEXT, 
	reply_name TEXT, 
	reply_tokens INTEGER, 
	reply_attempts INTEGER, 
	outcome TEXT NOT NULL, 
	updated_at DOUBLE NOT NULL, 
	stage_ms JSON NOT NULL, 
	salt TEXT NOT NULL, 
	erased_at DOUBLE, 
	PRIMARY KEY (id), 
	UNIQUE (seq), 
	FOREIGN KEY(run_id) REFERENCES runs (id), 
	UNIQUE (message_id)
);
INSERT INTO "exchanges" VALUES('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1,1,'m-1','ming',NULL,'ming','小明','text',1700000000.0,1000.0,'在吗','在吗','在吗','','neutral','neutral',-3.99999999999999938937e-02,NULL,0.9,'{"happy": 0.019999999999999997, "angry": 0.019999999999999997, "sad": 0.019999999999999997, "fear": 0.019999999999999997, "surprise": 0.019999999999999997, "neutral": 0.9}',0,0.0,NULL,NULL,NULL,NULL,'','在呢','model','',0,1,'sent',1001.0,'{}','6c71cb7a0d10d19c8a7a62a8076e6e72',NULL);
INSERT INTO "exchanges" VALUES('bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',2,1,'m-2','room@chatroom','同学群','hong','小红','text',1700000000.0,1001.0,'你有病吧','你有病吧','你有病吧','','angry','negative',-0.92,NULL,0.9,'{"happy": 0.019999999999999997, "angry": 0.9, "sad": 0.019999999999999997, "fear": 0.019999999999999997, "surprise": 0.019999999999999997, "neutral": 0.019999999999999997}',0,0.0,NULL,NULL,NULL,'not-addressed','',NULL,NULL,NULL,NULL,NULL,'silent',1002.0,'{}','23013b735e0c9bedc331ba4177663bba',NULL);
INSERT INTO "exchanges" VALUES('cccccccccccccccccccccccccccccccc',3,1,'m-3','ming',NULL,'ming','小明','text',1700000000.0,1002.0,'喂','喂','','',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,'',NULL,NULL,NULL,NULL,NULL,'received',1002.0,'{}','69c7bd8566a0bf6fb14d4c945c5c6980',NULL);
CREATE TABLE journal (
	n INTEGER NOT NULL, 
	at DOUBLE NOT NULL, 
	kind TEXT NOT NULL, 
	exchange_id TEXT, 
	number INTEGER, 
	digest TEXT NOT NULL, 
	link TEXT NOT NULL, 
	PRIMARY KEY (n)
);
INSERT INTO "journal" VALUES(1,1000.0,'start',NULL,1,'a3f1158591307b8306743e1c746e72ad9c447fb91f13673c87a2646f0571c36d','e717131eb50ef592267619801bd9f48d2f134671e4381bef259e229c5c398fa6');
INSERT INTO "journal" VALUES(2,1000.0,'write','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1,'22277361057bd69199cddccf1c824b0f8329b51f9fa20351843a5a35a50cb94d','71ea3b61c0ca906c0812805cbb9a266b8ce15b6f4f72804b01d066ebb466f558');
INSERT INTO "journal" VALUES(3,1001.0,'write','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1,'06393384a0fcd4b316d4f312745e1744d6893d10833cc7f1cb5f0b8412fb9e75','9d5051ca379725588b4e0880cf5c0b1ce7d46ab150ab82a350985f08aa7a22fc');
INSERT INTO "journal" VALUES(4,1001.0,'write','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',2,'0259524874ea7f173100b838d237be9449ffdb0f89c86a17f37f2fd3bf420847','f04ff39b298b3ba311175ba4e92e84f3be92d28d26618adbba0b612866533ebd');
INSERT INTO "journal" VALUES(5,1002.0,'write','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',2,'d125d0947fbb39d6dee93c8cc5ce6e77f5f01a24c58b44892cb93bc50ce03f89','0314d06605b55e79bff55cdf7cf7605a2d3aa7fa6a64ac86ef5e6480f390b4d8');
INSERT INTO "journal" VALUES(6,1002.0,'write','cccccccccccccccccccccccccccccccc',3,'a678a998c4edd43af1d8bf881d9f3e944f61bd95c169d3ce7abf68312ed2e052','fb3d03f86e62ed117c455246c14ba6cc0bf55b573e164205dd6c157bc1de8fbf');
CREATE TABLE runs (
	id INTEGER NOT NULL, 
	started_at DOUBLE NOT NULL, 
	version TEXT NOT NULL, 
	model TEXT NOT NULL, 
	fingerprint TEXT NOT NULL, 
	precision TEXT NOT NULL, 
	prompt_version TEXT NOT NULL, 
	settings_digest TEXT NOT NULL, 
	channel TEXT NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "runs" VALUES(1,1000.0,'0.9.0','bundled-small','1d9614638d18','bf16','p1','0123456789ab','gateway');
CREATE TABLE voice (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	message_id TEXT NOT NULL, 
	chat_id TEXT NOT NULL, 
	text TEXT NOT NULL, 
	mood TEXT NOT NULL, 
	reply TEXT NOT NULL, 
	seen_at DOUBLE NOT NULL, 
	UNIQUE (message_id)
);
INSERT INTO "voice" VALUES(1,'m-4','ming','吃了吗','happy','吃了',1002.0);
CREATE TABLE yixin_schema (
	version INTEGER NOT NULL, 
	key_check TEXT, 
	codes_check TEXT, 
	PRIMARY KEY (version)
);
INSERT INTO "yixin_schema" VALUES(3,NULL,NULL);
CREATE INDEX ix_entries ON journal (exchange_id);
CREATE INDEX ix_outcome ON exchanges (outcome);
CREATE INDEX ix_replies ON exchanges (chat_id, seq) WHERE reply_source IS NOT NULL;
CREATE INDEX ix_reply_names ON exchanges (chat_id, reply_name, seq) WHERE reply_source IS NOT NULL;
CREATE INDEX ix_received ON exchanges (received_at);
CREATE INDEX ix_merged ON exchanges (detail) WHERE gate = 'merged';
COMMIT;
