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
	decided_at DATETIME, changes INTEGER DEFAULT '0' NOT NULL, emergency BOOLEAN DEFAULT 0 NOT NULL, reused VARCHAR, remind_every INTEGER, remind_at DATETIME, reminders INTEGER DEFAULT '0' NOT NULL, escalate_at DATETIME, escalate_to JSON DEFAULT '[]' NOT NULL, escalated BOOLEAN DEFAULT 0 NOT NULL, 
	PRIMARY KEY (id), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
INSERT INTO "approvals" VALUES('hello-1/approve','hello-1','approve','production','3c8b95a683e928126403dafc3a0efef7cf571b7bbf2423311193834146e860cc','U0ANN',1,'[]','pending',NULL,NULL,'2026-11-26 13:42:33.453727','2026-11-27 13:42:33.254506',NULL,0,0,NULL,NULL,NULL,0,NULL,'[]',0);
CREATE TABLE chains (
	name VARCHAR NOT NULL, 
	position BIGINT NOT NULL, 
	hash VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
INSERT INTO "chains" VALUES('production',12,'7a0cec5623ec6d2a87cd9627fecfa453aae4d9ed6bc3c3a5406c9a5d9fce4b4b');
INSERT INTO "chains" VALUES('homolog',15,'e359dbddfda23daaa2e15864cad3ecb720c0c39a71151ca16eb8a60dd4d72367');
CREATE TABLE counters (
	service VARCHAR NOT NULL, 
	last INTEGER NOT NULL, 
	PRIMARY KEY (service)
);
INSERT INTO "counters" VALUES('hello',4);
CREATE TABLE estiva_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT estiva_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "estiva_version" VALUES('0009');
CREATE TABLE fences (
	service VARCHAR NOT NULL, 
	environment VARCHAR NOT NULL, 
	last BIGINT NOT NULL, 
	PRIMARY KEY (service, environment)
);
INSERT INTO "fences" VALUES('hello','homolog',3);
CREATE TABLE gates (
	run VARCHAR NOT NULL, 
	stage VARCHAR NOT NULL, 
	kind VARCHAR NOT NULL, 
	asked_at DATETIME NOT NULL, 
	opens_at DATETIME, 
	settled_at DATETIME, 
	settled_by VARCHAR, 
	PRIMARY KEY (run, stage, kind), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE held (
	run VARCHAR NOT NULL, 
	stage VARCHAR NOT NULL, 
	service VARCHAR NOT NULL, 
	environment VARCHAR NOT NULL, 
	PRIMARY KEY (run), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
CREATE TABLE holds (
	id INTEGER NOT NULL, 
	kind VARCHAR NOT NULL, 
	service VARCHAR, 
	environment VARCHAR, 
	owner VARCHAR NOT NULL, 
	reason VARCHAR NOT NULL, 
	taken_at DATETIME NOT NULL, 
	expires_at DATETIME, 
	"rollback" VARCHAR, 
	ended_at DATETIME, 
	ended_by VARCHAR, 
	PRIMARY KEY (id)
);
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
INSERT INTO "journal" VALUES(1,'production',1,'hello-1',1,'requested','run_requested','U0ANN','2026-11-26 13:42:26.704489','{"service": "hello", "environment": "production", "trigger": "deploy", "ref": "main", "request": "msg/T1/C1/1", "text": "deploy hello to homolog", "stages": [{"name": "build", "actions": ["image", "test"]}, {"name": "deploy", "actions": ["release"]}, {"name": "approve", "actions": []}, {"name": "live", "actions": ["live"]}]}','','a6f74cb08011c6b471cc8dac0caed725cc546da7abd74c6de99646839bd84153');
INSERT INTO "journal" VALUES(2,'production',2,'hello-1',2,'build/started','stage_started','estiva','2026-11-26 13:42:29.925118','{"stage": "build"}','a6f74cb08011c6b471cc8dac0caed725cc546da7abd74c6de99646839bd84153','543c8f84e19f728cd28829dfc8f3cf0e1f7e42996be8b098879ff43dfcbb7518');
INSERT INTO "journal" VALUES(3,'production',3,'hello-1',3,'build/image/1/started','action_started','estiva','2026-11-26 13:42:30.232420','{"stage": "build", "action": "image", "attempt": 1}','543c8f84e19f728cd28829dfc8f3cf0e1f7e42996be8b098879ff43dfcbb7518','34dcbdab6a23a2a43b94f9b4293143f407dc3b732d688878b612e55fc2ddf5fb');
INSERT INTO "journal" VALUES(4,'production',4,'hello-1',4,'build/test/1/started','action_started','estiva','2026-11-26 13:42:30.234148','{"stage": "build", "action": "test", "attempt": 1}','34dcbdab6a23a2a43b94f9b4293143f407dc3b732d688878b612e55fc2ddf5fb','3aed2a002b0c901faf1b33e38687e47bb9feb781a2421e34eb6425ed69ac0c7a');
INSERT INTO "journal" VALUES(5,'production',5,'hello-1',5,'build/image/1/ended','action_succeeded','estiva','2026-11-26 13:42:30.521716','{"stage": "build", "action": "image", "attempt": 1, "artifacts": {"digest": "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}, "summary": "image is done"}','3aed2a002b0c901faf1b33e38687e47bb9feb781a2421e34eb6425ed69ac0c7a','4641b40088edbced875707ba6f376d0520afec5defbb58799fc303f5a8bf9b51');
INSERT INTO "journal" VALUES(6,'production',6,'hello-1',6,'build/test/1/ended','action_succeeded','estiva','2026-11-26 13:42:30.585827','{"stage": "build", "action": "test", "attempt": 1, "artifacts": {}, "summary": "test is done"}','4641b40088edbced875707ba6f376d0520afec5defbb58799fc303f5a8bf9b51','e5189bfc5c16b3d7ce962b98640c018538b1c6abae0f42566348747a282f1dd3');
INSERT INTO "journal" VALUES(7,'production',7,'hello-1',7,'lock/homolog/1','lock_taken','estiva','2026-11-26 13:42:31.299859','{"environment": "homolog", "token": 1}','e5189bfc5c16b3d7ce962b98640c018538b1c6abae0f42566348747a282f1dd3','2a900af93814eb7d0bb5e90a52a82addc5eb6d7f9fa9af08f61ca56b00613257');
INSERT INTO "journal" VALUES(8,'production',8,'hello-1',8,'deploy/started','stage_started','estiva','2026-11-26 13:42:31.898121','{"stage": "deploy"}','2a900af93814eb7d0bb5e90a52a82addc5eb6d7f9fa9af08f61ca56b00613257','f893dd24571e6beff3057a56a522dcc3efe508c6dc1f5363471f1864e6c3e92b');
INSERT INTO "journal" VALUES(9,'production',9,'hello-1',9,'deploy/release/1/started','action_started','estiva','2026-11-26 13:42:32.345859','{"stage": "deploy", "action": "release", "attempt": 1}','f893dd24571e6beff3057a56a522dcc3efe508c6dc1f5363471f1864e6c3e92b','b24c59a97b115550fcc1879a2af9248d6601708ced818c562ca5f00fe356cb6b');
INSERT INTO "journal" VALUES(10,'production',10,'hello-1',10,'released/homolog','released','estiva','2026-11-26 13:42:33.035854','{"environment": "homolog", "commit": "cccccccccccccccccccccccccccccccccccccccc", "digest": "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd", "address": ""}','b24c59a97b115550fcc1879a2af9248d6601708ced818c562ca5f00fe356cb6b','e4dad94e0703c13f7f46a3815d8468fc0a06e9686bc3a56d10e5d57354c4449d');
INSERT INTO "journal" VALUES(11,'production',11,'hello-1',11,'deploy/release/1/ended','action_succeeded','estiva','2026-11-26 13:42:33.237958','{"stage": "deploy", "action": "release", "attempt": 1, "artifacts": {}, "summary": "release is done"}','e4dad94e0703c13f7f46a3815d8468fc0a06e9686bc3a56d10e5d57354c4449d','4948c55c47bdce8f8ec82f70dd903604de96134cea208c741c32bd4229200ac3');
INSERT INTO "journal" VALUES(12,'production',12,'hello-1',12,'approve/asked','approval_requested','estiva','2026-11-26 13:42:34.263937','{"approval": "hello-1/approve", "stage": "approve", "environment": "production", "subject": "3c8b95a683e928126403dafc3a0efef7cf571b7bbf2423311193834146e860cc", "expires_at": "2026-11-27T13:42:33.254506+00:00", "needed": 1}','4948c55c47bdce8f8ec82f70dd903604de96134cea208c741c32bd4229200ac3','7a0cec5623ec6d2a87cd9627fecfa453aae4d9ed6bc3c3a5406c9a5d9fce4b4b');
INSERT INTO "journal" VALUES(13,'homolog',1,'hello-2',1,'requested','run_requested','U0ANN','2026-11-26 13:42:35.587545','{"service": "hello", "environment": "homolog", "trigger": "deploy", "ref": "main", "request": "msg/T1/C1/2", "text": "deploy hello to homolog", "stages": [{"name": "build", "actions": ["image", "test"]}, {"name": "deploy", "actions": ["release"]}]}','','99d159444a44959f465848a1b790f88cb6148640720795be4664d3a4ec783548');
INSERT INTO "journal" VALUES(14,'homolog',2,'hello-2',2,'build/started','stage_started','estiva','2026-11-26 13:42:35.686118','{"stage": "build"}','99d159444a44959f465848a1b790f88cb6148640720795be4664d3a4ec783548','55331b7402305a4229cbe44a73de7b89e5734a2d2f3f4587369bc5ec43261e28');
INSERT INTO "journal" VALUES(15,'homolog',3,'hello-2',3,'build/image/1/started','action_started','estiva','2026-11-26 13:42:35.806744','{"stage": "build", "action": "image", "attempt": 1}','55331b7402305a4229cbe44a73de7b89e5734a2d2f3f4587369bc5ec43261e28','6b5444c004fbc2fb2a9bbf9c6d6229efe354766b3749060519064f698993d3c6');
INSERT INTO "journal" VALUES(16,'homolog',4,'hello-2',4,'build/test/1/started','action_started','estiva','2026-11-26 13:42:35.818665','{"stage": "build", "action": "test", "attempt": 1}','6b5444c004fbc2fb2a9bbf9c6d6229efe354766b3749060519064f698993d3c6','ff3ce902170c77cb703fff22c9ce670b5df909299038b88002f620e289627f5e');
INSERT INTO "journal" VALUES(17,'homolog',5,'hello-3',1,'requested','run_requested','U0ANN','2026-11-26 13:42:36.095295','{"service": "hello", "environment": "homolog", "trigger": "deploy", "ref": "main", "request": "msg/T1/C1/3", "text": "deploy hello to homolog", "stages": [{"name": "deploy", "actions": ["release"]}]}','ff3ce902170c77cb703fff22c9ce670b5df909299038b88002f620e289627f5e','ac8c0fc1ebea92e7a7f144ba7d565b6da55acbe8f14b143788eb904be2ffc10c');
INSERT INTO "journal" VALUES(18,'homolog',6,'hello-3',2,'lock/homolog/2','lock_taken','estiva','2026-11-26 13:42:37.101430','{"environment": "homolog", "token": 2}','ac8c0fc1ebea92e7a7f144ba7d565b6da55acbe8f14b143788eb904be2ffc10c','3c31d23d82b74673db13ffd9d012ef08e2d5940b2b629e914d5a3bff9faa5093');
INSERT INTO "journal" VALUES(19,'homolog',7,'hello-3',3,'deploy/started','stage_started','estiva','2026-11-26 13:42:37.141668','{"stage": "deploy"}','3c31d23d82b74673db13ffd9d012ef08e2d5940b2b629e914d5a3bff9faa5093','7b966515f9e47629f7987994ceae936e12e826e821a817c76829290ec9714095');
INSERT INTO "journal" VALUES(20,'homolog',8,'hello-3',4,'deploy/release/1/started','action_started','estiva','2026-11-26 13:42:37.226317','{"stage": "deploy", "action": "release", "attempt": 1}','7b966515f9e47629f7987994ceae936e12e826e821a817c76829290ec9714095','6db414195c1bdc7dc0634d7c93dffb1b3d0facdd431cf2b373c6669dd86b66f3');
INSERT INTO "journal" VALUES(21,'homolog',9,'hello-4',1,'requested','run_requested','U0ANN','2026-11-26 13:42:37.511968','{"service": "hello", "environment": "homolog", "trigger": "deploy", "ref": "main", "request": "msg/T1/C1/4", "text": "deploy hello to homolog", "stages": [{"name": "build", "actions": ["image", "test"]}, {"name": "deploy", "actions": ["release"]}]}','6db414195c1bdc7dc0634d7c93dffb1b3d0facdd431cf2b373c6669dd86b66f3','4928c5944cd499375cb259360a6614f66f6b591ab3bc997ccfbf984e312f5e69');
INSERT INTO "journal" VALUES(22,'homolog',10,'hello-4',2,'build/started','stage_started','estiva','2026-11-26 13:42:38.363289','{"stage": "build"}','4928c5944cd499375cb259360a6614f66f6b591ab3bc997ccfbf984e312f5e69','57c82c40904a525ef22e61c994e6f833fde095fc41a9da57938c2d8ced0acedc');
INSERT INTO "journal" VALUES(23,'homolog',11,'hello-4',3,'build/image/1/started','action_started','estiva','2026-11-26 13:42:38.777704','{"stage": "build", "action": "image", "attempt": 1}','57c82c40904a525ef22e61c994e6f833fde095fc41a9da57938c2d8ced0acedc','c0ebb169c12e5b21d027eb5bb97769fec0bd384a3beb99da4bd4348de2a37f2b');
INSERT INTO "journal" VALUES(24,'homolog',12,'hello-4',4,'build/test/1/started','action_started','estiva','2026-11-26 13:42:38.778565','{"stage": "build", "action": "test", "attempt": 1}','c0ebb169c12e5b21d027eb5bb97769fec0bd384a3beb99da4bd4348de2a37f2b','27648d8b63ac22a67f95f378ee4766530f0e9af6a2c5c31e2d102713fdebd985');
INSERT INTO "journal" VALUES(25,'homolog',13,'hello-4',5,'build/image/1/ended','action_succeeded','estiva','2026-11-26 13:42:39.042296','{"stage": "build", "action": "image", "attempt": 1, "artifacts": {"digest": "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}, "summary": "image is done"}','27648d8b63ac22a67f95f378ee4766530f0e9af6a2c5c31e2d102713fdebd985','e50762a08873dc2722745f9ef487e2f8b009dab80f499dea8e12f514e10fc06c');
INSERT INTO "journal" VALUES(26,'homolog',14,'hello-4',6,'build/test/1/ended','action_succeeded','estiva','2026-11-26 13:42:39.043177','{"stage": "build", "action": "test", "attempt": 1, "artifacts": {}, "summary": "test is done"}','e50762a08873dc2722745f9ef487e2f8b009dab80f499dea8e12f514e10fc06c','07e8ba91eead2bfcfff521c20568fe94de7a9a8890fcdfd7d1d4a0f2677ad8ec');
INSERT INTO "journal" VALUES(27,'homolog',15,'hello-4',7,'queued/homolog/3/1','queued','estiva','2026-11-26 13:42:39.758573','{"environment": "homolog", "position": 1, "holder": "hello-3"}','07e8ba91eead2bfcfff521c20568fe94de7a9a8890fcdfd7d1d4a0f2677ad8ec','e359dbddfda23daaa2e15864cad3ecb720c0c39a71151ca16eb8a60dd4d72367');
CREATE TABLE locks (
	id INTEGER NOT NULL, 
	service VARCHAR NOT NULL, 
	environment VARCHAR NOT NULL, 
	run VARCHAR NOT NULL, token BIGINT DEFAULT '0' NOT NULL, 
	PRIMARY KEY (id), 
	CONSTRAINT locks_place UNIQUE (service, environment, run), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
INSERT INTO "locks" VALUES(1,'hello','homolog','hello-3',2);
INSERT INTO "locks" VALUES(2,'hello','homolog','hello-4',3);
CREATE TABLE posts (
	"key" VARCHAR NOT NULL, 
	channel VARCHAR NOT NULL, 
	ts VARCHAR NOT NULL, 
	digest VARCHAR NOT NULL, 
	PRIMARY KEY ("key")
);
CREATE TABLE preferences (
	who VARCHAR NOT NULL, 
	language VARCHAR, 
	mentions BOOLEAN, 
	PRIMARY KEY (who)
);
CREATE TABLE "releases" (
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
	restored BOOLEAN DEFAULT 0 NOT NULL, replicas INTEGER, 
	PRIMARY KEY (id), 
	CONSTRAINT releases_once UNIQUE (run, environment, restored), 
	FOREIGN KEY(run) REFERENCES runs (id)
);
INSERT INTO "releases" VALUES(1,'hello','homolog','hello-1','cccccccccccccccccccccccccccccccccccccccc','','','','sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd','','U0ANN','2026-11-26 13:42:32.892669',0,0,NULL);
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
	posted_at DATETIME, taker VARCHAR, 
	PRIMARY KEY (id)
);
INSERT INTO "requests" VALUES('msg/T1/C1/1','mention','T1','C1','U0ANN','deploy hello to homolog','2026-11-26 13:42:25.361926',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES('msg/T1/C1/2','mention','T1','C1','U0ANN','deploy hello to homolog','2026-11-26 13:42:35.484822',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES('msg/T1/C1/3','mention','T1','C1','U0ANN','deploy hello to homolog','2026-11-26 13:42:36.028489',NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO "requests" VALUES('msg/T1/C1/4','mention','T1','C1','U0ANN','deploy hello to homolog','2026-11-26 13:42:37.481476',NULL,NULL,NULL,NULL,NULL,NULL);
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
	sequence INTEGER NOT NULL, epoch BIGINT DEFAULT '0' NOT NULL, told INTEGER DEFAULT '0' NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (request)
);
INSERT INTO "runs" VALUES('hello-1',1,'hello','production','deploy','{"artifacts":{"commit":"cccccccccccccccccccccccccccccccccccccccc"},"environment":{"aliases":[],"approval":{"escalate_after":null,"escalate_to":[],"of":[],"remind":null,"reuse":0,"second_factor":false,"without_authors":false},"approval_ttl":86400,"approvals":1,"aws":null,"name":"production","options":{},"production":true,"promotes_from":"homolog","target":"deploy"},"environments":{"homolog":{"aliases":[],"approval":{"escalate_after":null,"escalate_to":[],"of":[],"remind":null,"reuse":0,"second_factor":false,"without_authors":false},"approval_ttl":86400,"approvals":0,"aws":null,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"},"production":{"aliases":[],"approval":{"escalate_after":null,"escalate_to":[],"of":[],"remind":null,"reuse":0,"second_factor":false,"without_authors":false},"approval_ttl":86400,"approvals":1,"aws":null,"name":"production","options":{},"production":true,"promotes_from":"homolog","target":"deploy"}},"force":"","mode":"queued","origin":null,"pipeline":"default","ref":"main","replicas":null,"service":{"addresses":{},"aliases":[],"branch":"main","channel":null,"description":"","env":{},"health":"/healthz","image":"127.0.0.1:5001/hello","keep":{"images":10,"logs":7776000,"registry":false,"releases":3},"name":"hello","pipelines":{},"port":8000,"repository":"/nowhere","stages":[{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"image","on_failure":"abort","options":{"makes":{"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}},"retry_on":null,"run_order":1,"timeout":1800,"uses":"script"},{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"test","on_failure":"abort","options":{},"retry_on":null,"run_order":1,"timeout":1800,"uses":"script"}],"approval":false,"environment":null,"name":"build","pause":false,"succeeded_in":null,"window":null},{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{},"retry_on":null,"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy","pause":false,"succeeded_in":null,"window":null},{"actions":[],"approval":true,"environment":"production","name":"approve","pause":false,"succeeded_in":null,"window":null},{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"live","on_failure":"abort","options":{},"retry_on":null,"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"production","name":"live","pause":false,"succeeded_in":null,"window":null}]},"stages":[{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"image","on_failure":"abort","options":{"makes":{"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}},"retry_on":null,"run_order":1,"timeout":1800,"uses":"script"},{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"test","on_failure":"abort","options":{},"retry_on":null,"run_order":1,"timeout":1800,"uses":"script"}],"approval":false,"environment":null,"name":"build","pause":false,"succeeded_in":null,"window":null},{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{},"retry_on":null,"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy","pause":false,"succeeded_in":null,"window":null},{"actions":[],"approval":true,"environment":"production","name":"approve","pause":false,"succeeded_in":null,"window":null},{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"live","on_failure":"abort","options":{},"retry_on":null,"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"production","name":"live","pause":false,"succeeded_in":null,"window":null}],"trigger":"deploy","variables":{}}','msg/T1/C1/1','U0ANN','C1',NULL,'2026-11-26 13:42:26.043264',NULL,'waiting','parked',1,0,12,1,0);
INSERT INTO "runs" VALUES('hello-2',2,'hello','homolog','deploy','{"artifacts":{"commit":"cccccccccccccccccccccccccccccccccccccccc"},"environment":{"aliases":[],"approval":{"escalate_after":null,"escalate_to":[],"of":[],"remind":null,"reuse":0,"second_factor":false,"without_authors":false},"approval_ttl":86400,"approvals":0,"aws":null,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"},"environments":{"homolog":{"aliases":[],"approval":{"escalate_after":null,"escalate_to":[],"of":[],"remind":null,"reuse":0,"second_factor":false,"without_authors":false},"approval_ttl":86400,"approvals":0,"aws":null,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"}},"force":"","mode":"queued","origin":null,"pipeline":"default","ref":"main","replicas":null,"service":{"addresses":{},"aliases":[],"branch":"main","channel":null,"description":"","env":{},"health":"/healthz","image":"127.0.0.1:5001/hello","keep":{"images":10,"logs":7776000,"registry":false,"releases":3},"name":"hello","pipelines":{},"port":8000,"repository":"/nowhere","stages":[{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"image","on_failure":"abort","options":{"makes":{"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"},"sleep":3600},"retry_on":null,"run_order":1,"timeout":1800,"uses":"script"},{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"test","on_failure":"abort","options":{"sleep":3600},"retry_on":null,"run_order":1,"timeout":1800,"uses":"script"}],"approval":false,"environment":null,"name":"build","pause":false,"succeeded_in":null,"window":null},{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{},"retry_on":null,"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy","pause":false,"succeeded_in":null,"window":null}]},"stages":[{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"image","on_failure":"abort","options":{"makes":{"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"},"sleep":3600},"retry_on":null,"run_order":1,"timeout":1800,"uses":"script"},{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"test","on_failure":"abort","options":{"sleep":3600},"retry_on":null,"run_order":1,"timeout":1800,"uses":"script"}],"approval":false,"environment":null,"name":"build","pause":false,"succeeded_in":null,"window":null},{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{},"retry_on":null,"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy","pause":false,"succeeded_in":null,"window":null}],"trigger":"deploy","variables":{}}','msg/T1/C1/2','U0ANN','C1',NULL,'2026-11-26 13:42:35.586343',NULL,'running','walking',1,0,4,1,0);
INSERT INTO "runs" VALUES('hello-3',3,'hello','homolog','deploy','{"artifacts":{"commit":"cccccccccccccccccccccccccccccccccccccccc"},"environment":{"aliases":[],"approval":{"escalate_after":null,"escalate_to":[],"of":[],"remind":null,"reuse":0,"second_factor":false,"without_authors":false},"approval_ttl":86400,"approvals":0,"aws":null,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"},"environments":{"homolog":{"aliases":[],"approval":{"escalate_after":null,"escalate_to":[],"of":[],"remind":null,"reuse":0,"second_factor":false,"without_authors":false},"approval_ttl":86400,"approvals":0,"aws":null,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"}},"force":"","mode":"queued","origin":null,"pipeline":"default","ref":"main","replicas":null,"service":{"addresses":{},"aliases":[],"branch":"main","channel":null,"description":"","env":{},"health":"/healthz","image":"127.0.0.1:5001/hello","keep":{"images":10,"logs":7776000,"registry":false,"releases":3},"name":"hello","pipelines":{},"port":8000,"repository":"/nowhere","stages":[{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{"sleep":3600},"retry_on":null,"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy","pause":false,"succeeded_in":null,"window":null}]},"stages":[{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{"sleep":3600},"retry_on":null,"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy","pause":false,"succeeded_in":null,"window":null}],"trigger":"deploy","variables":{}}','msg/T1/C1/3','U0ANN','C1',NULL,'2026-11-26 13:42:36.092118',NULL,'running','walking',1,0,4,1,0);
INSERT INTO "runs" VALUES('hello-4',4,'hello','homolog','deploy','{"artifacts":{"commit":"cccccccccccccccccccccccccccccccccccccccc"},"environment":{"aliases":[],"approval":{"escalate_after":null,"escalate_to":[],"of":[],"remind":null,"reuse":0,"second_factor":false,"without_authors":false},"approval_ttl":86400,"approvals":0,"aws":null,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"},"environments":{"homolog":{"aliases":[],"approval":{"escalate_after":null,"escalate_to":[],"of":[],"remind":null,"reuse":0,"second_factor":false,"without_authors":false},"approval_ttl":86400,"approvals":0,"aws":null,"name":"homolog","options":{},"production":false,"promotes_from":null,"target":"deploy"}},"force":"","mode":"queued","origin":null,"pipeline":"default","ref":"main","replicas":null,"service":{"addresses":{},"aliases":[],"branch":"main","channel":null,"description":"","env":{},"health":"/healthz","image":"127.0.0.1:5001/hello","keep":{"images":10,"logs":7776000,"registry":false,"releases":3},"name":"hello","pipelines":{},"port":8000,"repository":"/nowhere","stages":[{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"image","on_failure":"abort","options":{"makes":{"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}},"retry_on":null,"run_order":1,"timeout":1800,"uses":"script"},{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"test","on_failure":"abort","options":{},"retry_on":null,"run_order":1,"timeout":1800,"uses":"script"}],"approval":false,"environment":null,"name":"build","pause":false,"succeeded_in":null,"window":null},{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{},"retry_on":null,"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy","pause":false,"succeeded_in":null,"window":null}]},"stages":[{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"image","on_failure":"abort","options":{"makes":{"digest":"sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"}},"retry_on":null,"run_order":1,"timeout":1800,"uses":"script"},{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"test","on_failure":"abort","options":{},"retry_on":null,"run_order":1,"timeout":1800,"uses":"script"}],"approval":false,"environment":null,"name":"build","pause":false,"succeeded_in":null,"window":null},{"actions":[{"attempts":1,"backoff":null,"cancel_siblings":false,"name":"release","on_failure":"abort","options":{},"retry_on":null,"run_order":1,"timeout":1800,"uses":"deploy"}],"approval":false,"environment":"homolog","name":"deploy","pause":false,"succeeded_in":null,"window":null}],"trigger":"deploy","variables":{}}','msg/T1/C1/4','U0ANN','C1',NULL,'2026-11-26 13:42:37.511360',NULL,'waiting','parked',1,0,7,1,0);
CREATE TABLE second_factors (
	person VARCHAR NOT NULL, 
	last BIGINT NOT NULL, 
	failures INTEGER NOT NULL, 
	failed_at DATETIME, 
	PRIMARY KEY (person)
);
CREATE TABLE tenures (
	reader VARCHAR NOT NULL, 
	number INTEGER NOT NULL, 
	holder VARCHAR NOT NULL, 
	since DATETIME NOT NULL, 
	PRIMARY KEY (reader)
);
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
CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only: UPDATE refused'); END;
CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal BEGIN SELECT RAISE(ABORT, 'the journal is append-only: DELETE refused'); END;
CREATE TRIGGER journal_no_replace BEFORE INSERT ON journal WHEN EXISTS (SELECT 1 FROM journal WHERE id = NEW.id OR (chain = NEW.chain AND position = NEW.position) OR (run = NEW.run AND key = NEW.key)) BEGIN SELECT RAISE(ABORT, 'the journal is append-only: REPLACE refused'); END;
CREATE INDEX gates_due ON gates (opens_at) WHERE settled_at IS NULL AND opens_at IS NOT NULL;
CREATE INDEX approvals_subject ON approvals (subject, decided_at);
CREATE INDEX releases_history ON releases (service, environment, id);
CREATE INDEX holds_standing ON holds (id) WHERE ended_at IS NULL;
CREATE INDEX approvals_remind ON approvals (remind_at) WHERE decision = 'pending' AND remind_at IS NOT NULL;
CREATE INDEX approvals_escalate ON approvals (escalate_at) WHERE decision = 'pending' AND escalate_at IS NOT NULL;
CREATE INDEX runs_news ON runs (opened_at) WHERE sequence > told;
COMMIT;
