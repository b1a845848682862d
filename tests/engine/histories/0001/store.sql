BEGIN TRANSACTION;
CREATE TABLE approvals (
	id VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, 
	stage VARCHAR NOT NULL, 
	environment VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	requester VARCHAR NOT NULL, 
	needed INTEGER NOT NULL, 
	given_by JSON NOT NULL, 
	decision VARCHAR NOT NULL, 
	decided_by VARCHAR, 
	reason VARCHAR, 
	asked_at DATETIME NOT NULL, 
	expires_at DATETIME NOT NULL, 
	decided_at DATETIME, 
	PRIMARY KEY (id), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
INSERT INTO "approvals" VALUES('hello-1/approve','hello-1','approve','production','aa21ac0fc642eb533e38a41d547d20bd57a2f5454a99be1640c50af4e89c39e0','U0ANN',1,'[]','pending',NULL,NULL,'2026-11-26 09:52:31.168596','2026-11-27 09:52:31.115497',NULL);
CREATE TABLE chains (
	name VARCHAR NOT NULL, 
	position BIGINT NOT NULL, 
	hash VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "chains" VALUES('production',12,'f0475d009aab5632cc3839d9f2f1d4d2a73ab7126fb26fd06da4572641e704e5');
INSERT INTO "chains" VALUES('homolog',15,'b17a15c7fdd94232fe310a117eae77bffc69822c33628ee7b57217620debe0f8');
CREATE TABLE counters (
	service VARCHAR NOT NULL, 
	last INTEGER NOT NULL, 
	PRIMARY KEY (service)
);
INSERT INTO "counters" VALUES('hello',4);
CREATE TABLE cursors (
	reader VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, 
	seen INTEGER NOT NULL, 
	PRIMARY KEY (reader, run)
);
CREATE TABLE estiva_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT estiva_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "estiva_version" VALUES('0001');
CREATE TABLE journal (
	id INTEGER NOT NULL, 
	chain VARCHAR NOT NULL, 
	position BIGINT NOT NULL, 
	run VARCHAR, 
	sequence INTEGER NOT NULL, 
	"key" VARCHAR, 
	kind VARCHAR NOT NULL, 
	actor VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	data JSON NOT NULL, 
	previous VARCHAR NOT NULL, 
	hash VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT journal_place UNIQUE (chain, position)
);
INSERT INTO "journal" VALUES(1,'production',1,'hello-1',1,'requested','run_requested','U0ANN','2026-11-26 09:52:30.078038','{"service": "hello", "environment": "production", "trigger": "deploy", "ref": "main", "request": "msg/T1/C1/1", "text": "deploy hello to homolog", "stages": [{"name": "build", "actions": ["image", "test"]}, {"name": "deploy", "actions": ["release"]}, {"name": "approve", "actions": []}, {"name": "live", "actions": ["live"]}]}','','ceaef53b9b3cedba30b0900e65388db89b1e9f484fee5f0f64e1ebb41f2587b5');
INSERT INTO "journal" VALUES(2,'production',2,'hello-1',2,'build/started','stage_started','estiva','2026-11-26 09:52:30.233819','{"stage": "build"}','ceaef53b9b3cedba30b0900e65388db89b1e9f484fee5f0f64e1ebb41f2587b5','f8e52801e6015757d51bbfe8ab4b6a8c5568cd87f1d3714b239c61cbc175701c');
INSERT INTO "journal" VALUES(3,'production',3,'hello-1',3,'build/image/1/started','action_started','estiva','2026-11-26 09:52:30.291649','{"stage": "build", "action": "image", "attempt": 1}','f8e52801e6015757d51bbfe8ab4b6a8c5568cd87f1d3714b239c61cbc175701c','1a622064c17c0284de94a5491cf1cc2baca5e073560d22d5be2edcbe29be219e');
INSERT INTO "journal" VALUES(4,'production',4,'hello-1',4,'build/test/1/started','action_started','estiva','2026-11-26 09:52:30.311537','{"stage": "build", "action": "test", "attempt": 1}','1a622064c17c0284de94a5491cf1cc2baca5e073560d22d5be2edcbe29be219e','0dbbe03a9681f9cd350c01bb8f4fa96240dc76d574a78dd6e84bab5f9c447b97');
INSERT INTO "journal" VALUES(5,'production',5,'hello-1',5,'build/image/1/ended','action_succeeded','estiva','2026-11-26 09:52:30.344847','{"stage": "build", "action": "image", "attempt": 1, "artifacts": {"digest": "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}, "summary": "image is done"}','0dbbe03a9681f9cd350c01bb8f4fa96240dc76d574a78dd6e84bab5f9c447b97','f41515ea4e44106ef8a60c9d820da2149aeda2e2179d096901d052d673abe213');
INSERT INTO "journal" VALUES(6,'production',6,'hello-1',6,'build/test/1/ended','action_succeeded','estiva','2026-11-26 09:52:30.356527','{"stage": "build", "action": "test", "attempt": 1, "artifacts": {}, "summary": "test is done"}','f41515ea4e44106ef8a60c9d820da2149aeda2e2179d096901d052d673abe213','23360abdec10748e4af97b845afe85dcd38fdd7df439242fdd845c774be4f081');
INSERT INTO "journal" VALUES(7,'production',7,'hello-1',7,'lock/homolog','lock_taken','estiva','2026-11-26 09:52:30.495153','{"environment": "homolog"}','23360abdec10748e4af97b845afe85dcd38fdd7df439242fdd845c774be4f081','584e549eff4c264ab1ba1ac17533833fb07230aba5f73e885c9575617b24d930');
INSERT INTO "journal" VALUES(8,'production',8,'hello-1',8,'deploy/started','stage_started','estiva','2026-11-26 09:52:30.560091','{"stage": "deploy"}','584e549eff4c264ab1ba1ac17533833fb07230aba5f73e885c9575617b24d930','bee57f795c09d92328a8cb2fc23f91659782a1bc8f418b37d3dcda06b825b438');
INSERT INTO "journal" VALUES(9,'production',9,'hello-1',9,'deploy/release/1/started','action_started','estiva','2026-11-26 09:52:30.684174','{"stage": "deploy", "action": "release", "attempt": 1}','bee57f795c09d92328a8cb2fc23f91659782a1bc8f418b37d3dcda06b825b438','b700104463513cdf9bba205d19850f4b619763f7b6ea70a387829000db913c8a');
INSERT INTO "journal" VALUES(10,'production',10,'hello-1',10,'released/homolog','released','estiva','2026-11-26 09:52:30.821876','{"environment": "homolog", "commit": "cccccccccccccccccccccccccccccccccccccccc", "digest": "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "address": ""}','b700104463513cdf9bba205d19850f4b619763f7b6ea70a387829000db913c8a','a875e77f0b031f8f4f39f552cadb251e5f67dffe3ac207d42c2d6e9144957710');
INSERT INTO "journal" VALUES(11,'production',11,'hello-1',11,'deploy/release/1/ended','action_succeeded','estiva','2026-11-26 09:52:30.830940','{"stage": "deploy", "action": "release", "attempt": 1, "artifacts": {}, "summary": "release is done"}','a875e77f0b031f8f4f39f552cadb251e5f67dffe3ac207d42c2d6e9144957710','7ba9d723f0597dd307eec7666e0156954474324882ec20cf32ad6630f9dbea51');
INSERT INTO "journal" VALUES(12,'production',12,'hello-1',12,'approve/asked','approval_requested','estiva','2026-11-26 09:52:31.204334','{"approval": "hello-1/approve", "stage": "approve", "environment": "production", "subject": "aa21ac0fc642eb533e38a41d547d20bd57a2f5454a99be1640c50af4e89c39e0", "expires_at": "2026-11-27T09:52:31.115497+00:00", "needed": 1}','7ba9d723f0597dd307eec7666e0156954474324882ec20cf32ad6630f9dbea51','f0475d009aab5632cc3839d9f2f1d4d2a73ab7126fb26fd06da4572641e704e5');
INSERT INTO "journal" VALUES(13,'homolog',1,'hello-2',1,'requested','run_requested','U0ANN','2026-11-26 09:52:31.296591','{"service": "hello", "environment": "homolog", "trigger": "deploy", "ref": "main", "request": "msg/T1/C1/2", "text": "deploy hello to homolog", "stages": [{"name": "build", "actions": ["image", "test"]}, {"name": "deploy", "actions": ["release"]}]}','','65071b2ea81e415970283632e78db9b74710a0e03a918093a35fd92e2eb8687b');
INSERT INTO "journal" VALUES(14,'homolog',2,'hello-2',2,'build/started','stage_started','estiva','2026-11-26 09:52:31.441168','{"stage": "build"}','65071b2ea81e415970283632e78db9b74710a0e03a918093a35fd92e2eb8687b','76cf268cdb1eb6be5bb1f385d89889c152a141f69bf2a5a9af3f304b9f3471e0');
INSERT INTO "journal" VALUES(15,'homolog',3,'hello-2',3,'build/test/1/started','action_started','estiva','2026-11-26 09:52:31.526814','{"stage": "build", "action": "test", "attempt": 1}','76cf268cdb1eb6be5bb1f385d89889c152a141f69bf2a5a9af3f304b9f3471e0','6f2f909233cb3350ea70d57afdb0af726b6fa51aa3d9cb2b6ef3fa1b9d8db6e4');
INSERT INTO "journal" VALUES(16,'homolog',4,'hello-2',4,'build/image/1/started','action_started','estiva','2026-11-26 09:52:31.548462','{"stage": "build", "action": "image", "attempt": 1}','6f2f909233cb3350ea70d57afdb0af726b6fa51aa3d9cb2b6ef3fa1b9d8db6e4','973b1c970c2eb709eb976935634ff9ba90bcd0d1a74155bea3179da40bab311f');
INSERT INTO "journal" VALUES(17,'homolog',5,'hello-3',1,'requested','run_requested','U0ANN','2026-11-26 09:52:31.597582','{"service": "hello", "environment": "homolog", "trigger": "deploy", "ref": "main", "request": "msg/T1/C1/3", "text": "deploy hello to homolog", "stages": [{"name": "deploy", "actions": ["release"]}]}','973b1c970c2eb709eb976935634ff9ba90bcd0d1a74155bea3179da40bab311f','4fe85df7c4644fea8b0106be94a2d3bb57515bf224390842efa1ae7efd494db7');
INSERT INTO "journal" VALUES(18,'homolog',6,'hello-3',2,'lock/homolog','lock_taken','estiva','2026-11-26 09:52:31.663531','{"environment": "homolog"}','4fe85df7c4644fea8b0106be94a2d3bb57515bf224390842efa1ae7efd494db7','ea88317357e997f35aebdd268a809a0215db4282b91ec995fa6a578808d5b5d1');
INSERT INTO "journal" VALUES(19,'homolog',7,'hello-3',3,'deploy/started','stage_started','estiva','2026-11-26 09:52:31.683039','{"stage": "deploy"}','ea88317357e997f35aebdd268a809a0215db4282b91ec995fa6a578808d5b5d1','14d89b9c40553e721452b8451329b980afe9335bdc6421011ef60db0b08fe540');
INSERT INTO "journal" VALUES(20,'homolog',8,'hello-3',4,'deploy/release/1/started','action_started','estiva','2026-11-26 09:52:31.759184','{"stage": "deploy", "action": "release", "attempt": 1}','14d89b9c40553e721452b8451329b980afe9335bdc6421011ef60db0b08fe540','2c90b78172a01bf2b24f32a8077a63f3d97acf0f5cda7ca91746cb89b23476d7');
INSERT INTO "journal" VALUES(21,'homolog',9,'hello-4',1,'requested','run_requested','U0ANN','2026-11-26 09:52:31.848274','{"service": "hello", "environment": "homolog", "trigger": "deploy", "ref": "main", "request": "msg/T1/C1/4", "text": "deploy hello to homolog", "stages": [{"name": "build", "actions": ["image", "test"]}, {"name": "deploy", "actions": ["release"]}]}','2c90b78172a01bf2b24f32a8077a63f3d97acf0f5cda7ca91746cb89b23476d7','a2495fde69ce371319808e4871cab7eed615b660c88459e8f14fa9b01115ba5b');
INSERT INTO "journal" VALUES(22,'homolog',10,'hello-4',2,'build/started','stage_started','estiva','2026-11-26 09:52:31.933833','{"stage": "build"}','a2495fde69ce371319808e4871cab7eed615b660c88459e8f14fa9b01115ba5b','66589ba44cb1077d58d0b817088f2fbb56702983ac35155703b9c9e2e01f761b');
INSERT INTO "journal" VALUES(23,'homolog',11,'hello-4',3,'build/test/1/started','action_started','estiva','2026-11-26 09:52:31.960502','{"stage": "build", "action": "test", "attempt": 1}','66589ba44cb1077d58d0b817088f2fbb56702983ac35155703b9c9e2e01f761b','917e0f5db88bd6992d36cd7179d21e19b35701b84d537b398349f592ee29a179');
INSERT INTO "journal" VALUES(24,'homolog',12,'hello-4',4,'build/image/1/started','action_started','estiva','2026-11-26 09:52:31.972242','{"stage": "build", "action": "image", "attempt": 1}','917e0f5db88bd6992d36cd7179d21e19b35701b84d537b398349f592ee29a179','59a8b1a1662d6666fa5f958a742221c0f06658f2c647ed3b013c537e15374087');
INSERT INTO "journal" VALUES(25,'homolog',13,'hello-4',5,'build/test/1/ended','action_succeeded','estiva','2026-11-26 09:52:32.023448','{"stage": "build", "action": "test", "attempt": 1, "artifacts": {}, "summary": "test is done"}','59a8b1a1662d6666fa5f958a742221c0f06658f2c647ed3b013c537e15374087','dc304f5dbe3e9af5856a8a6256143f8f5eedbe0c9a0b5c20149a7fc27c0d64d5');
INSERT INTO "journal" VALUES(26,'homolog',14,'hello-4',6,'build/image/1/ended','action_succeeded','estiva','2026-11-26 09:52:32.034810','{"stage": "build", "action": "image", "attempt": 1, "artifacts": {"digest": "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}, "summary": "image is done"}','dc304f5dbe3e9af5856a8a6256143f8f5eedbe0c9a0b5c20149a7fc27c0d64d5','20d4e5f88a715bf2bec247155244c6afc8f55270d892ebeee27a1d7011f3f8ef');
INSERT INTO "journal" VALUES(27,'homolog',15,'hello-4',7,'queued/homolog/1','queued','estiva','2026-11-26 09:52:32.064146','{"environment": "homolog", "position": 1, "holder": "hello-3"}','20d4e5f88a715bf2bec247155244c6afc8f55270d892ebeee27a1d7011f3f8ef','b17a15c7fdd94232fe310a117eae77bffc69822c33628ee7b57217620debe0f8');
CREATE TABLE locks (
	id INTEGER NOT NULL, 
	service VARCHAR NOT NULL, 
	environment VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT locks_place UNIQUE (service, environment, run), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
INSERT INTO "locks" VALUES(1,'hello','homolog','hello-3');
INSERT INTO "locks" VALUES(2,'hello','homolog','hello-4');
CREATE TABLE posts (
	"key" VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	ts VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE releases (
	id INTEGER NOT NULL, 
	service VARCHAR NOT NULL, 
	environment VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, 
	"commit" VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	author VARCHAR NOT NULL, 
	image VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	address VARCHAR NOT NULL, 
	"by" VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	"rollback" BOOLEAN NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT releases_once UNIQUE (run, environment), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
INSERT INTO "releases" VALUES(1,'hello','homolog','hello-1','cccccccccccccccccccccccccccccccccccccccc','','','','sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','','U0ANN','2026-11-26 09:52:30.744286',0);
CREATE TABLE requests (
	id VARCHAR NOT NULL, 
	via VARCHAR NOT NULL, 
	team VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	user VARCHAR NOT NULL, 
	text VARCHAR NOT NULL, 
	at DATETIME NOT NULL, 
	thread VARCHAR, 
	message VARCHAR, 
	reply VARCHAR, 
	answered_at DATETIME, 
	posted_at DATETIME, 
	PRIMARY KEY (id)
);
INSERT INTO "requests" VALUES('msg/T1/C1/1','mention','T1','C1','U0ANN','deploy hello to homolog','2026-11-26 09:52:29.875501',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES('msg/T1/C1/2','mention','T1','C1','U0ANN','deploy hello to homolog','2026-11-26 09:52:31.267096',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES('msg/T1/C1/3','mention','T1','C1','U0ANN','deploy hello to homolog','2026-11-26 09:52:31.580253',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES('msg/T1/C1/4','mention','T1','C1','U0ANN','deploy hello to homolog','2026-11-26 09:52:31.803104',NULL,NULL,NULL,NULL,NULL);
CREATE TABLE runs (
	id VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	service VARCHAR NOT NULL, 
	environment VARCHAR NOT NULL, 
	"trigger" VARCHAR NOT NULL, 
	"plan" VARCHAR NOT NULL, 
	request VARCHAR NOT NULL, 
	requester VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	thread VARCHAR, 
	opened_at DATETIME NOT NULL, 
	closed_at DATETIME, 
	status VARCHAR NOT NULL, 
	phase VARCHAR NOT NULL, 
	leg INTEGER NOT NULL, 
	cancel_requested BOOLEAN NOT NULL, 
	sequence INTEGER NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (request)
);
INSERT INTO "runs" VALUES('hello-1',1,'hello','production','deploy','{"artifacts":{"commit":"cccccccccccccccccccccccccccccccccccccccc"},"environment":{"aliases":[],"approval_ttl":86400,"approvals":1,"name":"production","options":{},"production":true,"promotes_from":"homolog","target":"deploy"},"environments":{"homolog":{"aliases":[],"approval_ttl":86400,"approvals":0,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"},"production":{"aliases":[],"approval_ttl":86400,"approvals":1,"name":"production","options":{},"production":true,"promotes_from":"homolog","target":"deploy"}},"origin":null,"ref":"main","service":{"addresses":{},"aliases":[],"branch":"main","channel":null,"description":"","env":{},"health":"/healthz","image":"127.0.0.1:5001/hello","name":"hello","port":8000,"repository":"/nowhere","stages":[{"actions":[{"attempts":1,"cancel_siblings":false,"name":"image","on_failure":"abort","options":{"makes":{"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}},"run_order":1,"timeout":1800,"uses":"script"},{"attempts":1,"cancel_siblings":false,"name":"test","on_failure":"abort","options":{},"run_order":1,"timeout":1800,"uses":"script"}],"approval":false,"environment":null,"name":"build"},{"actions":[{"attempts":1,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{},"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy"},{"actions":[],"approval":true,"environment":"production","name":"approve"},{"actions":[{"attempts":1,"cancel_siblings":false,"name":"live","on_failure":"abort","options":{},"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"production","name":"live"}]},"stages":[{"actions":[{"attempts":1,"cancel_siblings":false,"name":"image","on_failure":"abort","options":{"makes":{"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}},"run_order":1,"timeout":1800,"uses":"script"},{"attempts":1,"cancel_siblings":false,"name":"test","on_failure":"abort","options":{},"run_order":1,"timeout":1800,"uses":"script"}],"approval":false,"environment":null,"name":"build"},{"actions":[{"attempts":1,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{},"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy"},{"actions":[],"approval":true,"environment":"production","name":"approve"},{"actions":[{"attempts":1,"cancel_siblings":false,"name":"live","on_failure":"abort","options":{},"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"production","name":"live"}],"trigger":"deploy"}','msg/T1/C1/1','U0ANN','C1',NULL,'2026-11-26 09:52:30.054977',NULL,'waiting','parked',1,0,12);
INSERT INTO "runs" VALUES('hello-2',2,'hello','homolog','deploy','{"artifacts":{"commit":"cccccccccccccccccccccccccccccccccccccccc"},"environment":{"aliases":[],"approval_ttl":86400,"approvals":0,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"},"environments":{"homolog":{"aliases":[],"approval_ttl":86400,"approvals":0,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"}},"origin":null,"ref":"main","service":{"addresses":{},"aliases":[],"branch":"main","channel":null,"description":"","env":{},"health":"/healthz","image":"127.0.0.1:5001/hello","name":"hello","port":8000,"repository":"/nowhere","stages":[{"actions":[{"attempts":1,"cancel_siblings":false,"name":"image","on_failure":"abort","options":{"makes":{"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"},"sleep":3600},"run_order":1,"timeout":1800,"uses":"script"},{"attempts":1,"cancel_siblings":false,"name":"test","on_failure":"abort","options":{"sleep":3600},"run_order":1,"timeout":1800,"uses":"script"}],"approval":false,"environment":null,"name":"build"},{"actions":[{"attempts":1,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{},"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy"}]},"stages":[{"actions":[{"attempts":1,"cancel_siblings":false,"name":"image","on_failure":"abort","options":{"makes":{"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"},"sleep":3600},"run_order":1,"timeout":1800,"uses":"script"},{"attempts":1,"cancel_siblings":false,"name":"test","on_failure":"abort","options":{"sleep":3600},"run_order":1,"timeout":1800,"uses":"script"}],"approval":false,"environment":null,"name":"build"},{"actions":[{"attempts":1,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{},"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy"}],"trigger":"deploy"}','msg/T1/C1/2','U0ANN','C1',NULL,'2026-11-26 09:52:31.292747',NULL,'running','walking',1,0,4);
INSERT INTO "runs" VALUES('hello-3',3,'hello','homolog','deploy','{"artifacts":{"commit":"cccccccccccccccccccccccccccccccccccccccc"},"environment":{"aliases":[],"approval_ttl":86400,"approvals":0,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"},"environments":{"homolog":{"aliases":[],"approval_ttl":86400,"approvals":0,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"}},"origin":null,"ref":"main","service":{"addresses":{},"aliases":[],"branch":"main","channel":null,"description":"","env":{},"health":"/healthz","image":"127.0.0.1:5001/hello","name":"hello","port":8000,"repository":"/nowhere","stages":[{"actions":[{"attempts":1,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{"sleep":3600},"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy"}]},"stages":[{"actions":[{"attempts":1,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{"sleep":3600},"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy"}],"trigger":"deploy"}','msg/T1/C1/3','U0ANN','C1',NULL,'2026-11-26 09:52:31.586685',NULL,'running','walking',1,0,4);
INSERT INTO "runs" VALUES('hello-4',4,'hello','homolog','deploy','{"artifacts":{"commit":"cccccccccccccccccccccccccccccccccccccccc"},"environment":{"aliases":[],"approval_ttl":86400,"approvals":0,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"},"environments":{"homolog":{"aliases":[],"approval_ttl":86400,"approvals":0,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"}},"origin":null,"ref":"main","service":{"addresses":{},"aliases":[],"branch":"main","channel":null,"description":"","env":{},"health":"/healthz","image":"127.0.0.1:5001/hello","name":"hello","port":8000,"repository":"/nowhere","stages":[{"actions":[{"attempts":1,"cancel_siblings":false,"name":"image","on_failure":"abort","options":{"makes":{"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}},"run_order":1,"timeout":1800,"uses":"script"},{"attempts":1,"cancel_siblings":false,"name":"test","on_failure":"abort","options":{},"run_order":1,"timeout":1800,"uses":"script"}],"approval":false,"environment":null,"name":"build"},{"actions":[{"attempts":1,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{},"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy"}]},"stages":[{"actions":[{"attempts":1,"cancel_siblings":false,"name":"image","on_failure":"abort","options":{"makes":{"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}},"run_order":1,"timeout":1800,"uses":"script"},{"attempts":1,"cancel_siblings":false,"name":"test","on_failure":"abort","options":{},"run_order":1,"timeout":1800,"uses":"script"}],"approval":false,"environment":null,"name":"build"},{"actions":[{"attempts":1,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{},"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy"}],"trigger":"deploy"}','msg/T1/C1/4','U0ANN','C1',NULL,'2026-11-26 09:52:31.837593',NULL,'waiting','parked',1,0,7);
CREATE INDEX requests_unanswered ON requests (at) WHERE reply IS NULL;
CREATE INDEX requests_unposted ON requests (at) WHERE reply IS NOT NULL AND posted_at IS NULL;
CREATE INDEX ix_runs_number ON runs (number);
CREATE INDEX runs_opened ON runs (opened_at);
CREATE INDEX runs_recent ON runs (service, environment, opened_at);
CREATE INDEX runs_sequence ON runs (id, sequence);
CREATE INDEX runs_active ON runs (opened_at) WHERE phase <> 'closed';
CREATE INDEX runs_ready ON runs (opened_at) WHERE phase = 'ready';
CREATE UNIQUE INDEX journal_key ON journal (run, "key");
CREATE INDEX journal_sequence ON journal (run, sequence);
CREATE INDEX ix_locks_run ON locks (run);
CREATE INDEX ix_approvals_run ON approvals (run);
CREATE INDEX approvals_pending ON approvals (expires_at) WHERE decision = 'pending';
CREATE INDEX releases_history ON releases (service, environment, id);
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only: UPDATE refused'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only: DELETE refused'); END;
CREATE TRIGGER journal_no_replace BEFORE INSERT ON journal WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.id OR (chain = NEW.chain AND position = NEW.position) OR (run = NEW.run AND key = NEW.key)) BEGIN SELECT RAISE(ABORT, 'the journal is append-only: REPLACE refused'); END;
COMMIT;
