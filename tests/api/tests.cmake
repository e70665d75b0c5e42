# tests of this folder, listed by name
tokenledger_test(api/http_router_test.cpp tokenledger::api)
tokenledger_test(api/http_server_test.cpp tokenledger::api)
tokenledger_test(api/http_session_test.cpp tokenledger::api)
tokenledger_test(api/http_form_test.cpp tokenledger::api)
tokenledger_test(api/http_json_test.cpp tokenledger::api)
tokenledger_test(api/json_writer_test.cpp tokenledger::api)
tokenledger_test(api/rfc3339_test.cpp tokenledger::api)
