use super::*;
use crate::protocol::Exit;
use crate::secret::Secret;
use alloc::string::ToString;

fn info(exec: &Exec) -> String {
    let command = request(exec, None, 1 << 20).unwrap();
    let last = command.env.last().unwrap();
    assert_eq!(last.name, KUBERNETES_EXEC_INFO);
    last.value.expose_str().unwrap().to_string()
}

fn exit(output: &str) -> Exit {
    Exit { code: 0, stdout: Secret::from(output) }
}

#[test]
fn ex_31_minimal_form_is_byte_for_byte() {
    assert_eq!(
        info(&Exec::new("x")),
        "{\"kind\":\"ExecCredential\",\"apiVersion\":\"client.authentication.k8s.io/v1\",\
         \"spec\":{\"interactive\":false}}\n"
    );
}

#[test]
fn ex_50_json_and_yaml_are_read() {
    let json = r#"{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"abc"}}"#;
    let yaml = "apiVersion: client.authentication.k8s.io/v1\nstatus: {token: abc}\n";
    for output in [json, yaml] {
        let fetched = accept(&Exec::new("x"), &exit(output)).unwrap();
        assert_eq!(fetched.token, Some(Secret::from("abc")));
    }
}
