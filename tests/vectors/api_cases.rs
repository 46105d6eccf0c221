//! The table from which the vectors of `api` are made: what is put in, and in one word what comes of it.

/// A call, a reply, and the outcome in short: `object`, `send-again VERSION`, `authenticated`,
/// `unauthenticated`, `error`, `allowed`, `not allowed`, `status CODE REASON`, `wrong-kind`,
/// `malformed FIELD`, `too-large`, `invalid-name`.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) call: &'static str,
    pub(crate) input: &'static str,
    pub(crate) reply: &'static str,
    pub(crate) outcome: &'static str,
}

macro_rules! cases {
    ($($call:literal { $($name:literal $about:literal $input:literal $reply:literal => $outcome:literal;)* })*) => {
        pub(crate) const CASES: &[Case] = &[$($(Case {
            name: $name, about: $about, call: $call, input: $input, reply: $reply, outcome: $outcome,
        },)*)*];
    };
}

cases! {
"whoami" {
    "WH-1-the-newest-version-is-asked-first" "an empty SelfSubjectReview is posted, and the user is in status.userInfo"
        r#"{"version":"v1"}"#
        r#"{"status":201,"content-type":"application/json","body":"{\"kind\":\"SelfSubjectReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"metadata\":{\"creationTimestamp\":\"2030-01-01T00:00:00Z\"},\"status\":{\"userInfo\":{\"username\":\"ann\",\"uid\":\"7\",\"groups\":[\"dev\",\"has space\"],\"extra\":{\"scope\":[\"view\",\"edit\"],\"none\":[]}}}}"}"#
        => "object";
    "WH-1-200-is-as-good-as-201" "a server may answer with 200"
        r#"{"version":"v1"}"#
        r#"{"status":200,"body":"{\"kind\":\"SelfSubjectReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"userInfo\":{\"username\":\"ann\"}}}"}"#
        => "object";
    "WH-1-after-a-404-the-next-older-version" "text or Status: only the code counts"
        r#"{"version":"v1"}"# r#"{"status":404,"content-type":"text/plain","body":"404 page not found"}"# => "send-again v1beta1";
    "WH-1-after-v1beta1-comes-v1alpha1" "a Status of failure, too"
        r#"{"version":"v1beta1"}"#
        r#"{"status":404,"body":"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"NotFound\",\"code\":404}"}"#
        => "send-again v1alpha1";
    "WH-4-v1alpha1-is-the-last" "a 404 from every version is an error"
        r#"{"version":"v1alpha1"}"# r#"{"status":404,"body":"404 page not found"}"# => "status 404 NotFound";
    "WH-3-a-403-ends-it" "403 is no reason to ask an older version"
        r#"{"version":"v1"}"#
        r#"{"status":403,"body":"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"Forbidden\",\"message\":\"no\",\"code\":403}"}"#
        => "status 403 Forbidden";
    "WH-5-a-401-ends-it" "an empty body: client-go's words"
        r#"{"version":"v1"}"# r#"{"status":401}"# => "status 401 Unauthorized";
    "WH-5-a-500-with-a-text" "a text is quoted"
        r#"{"version":"v1"}"# r#"{"status":500,"content-type":"text/plain","body":"boom"}"# => "status 500 InternalError";
    "WH-5-what-is-no-text-is-not-quoted" "a body of another type is `unknown`"
        r#"{"version":"v1"}"# r#"{"status":500,"content-type":"application/octet-stream","body":"boom"}"# => "status 500 InternalError";
    "WH-2-another-version-than-asked-is-refused" "the answer has the version of the URL"
        r#"{"version":"v1"}"#
        r#"{"status":201,"body":"{\"kind\":\"SelfSubjectReview\",\"apiVersion\":\"authentication.k8s.io/v1beta1\"}"}"# => "wrong-kind";
    "WH-7-another-kind-is-refused" "kubectl prints an empty table"
        r#"{"version":"v1"}"# r#"{"status":200,"body":"{\"kind\":\"Pod\",\"apiVersion\":\"v1\"}"}"# => "wrong-kind";
    "WH-7-what-may-be-a-secret-is-no-kind" "an error shows kinds and versions only if they look like ones"
        r#"{"version":"v1"}"# r#"{"status":200,"body":"{\"kind\":\"ey.s3cret\",\"apiVersion\":\"s3cret\"}"}"# => "wrong-kind";
    "WH-7-an-object-without-a-kind" "kind and apiVersion must be there"
        r#"{"version":"v1"}"# r#"{"status":200,"body":"{}"}"# => "wrong-kind";
    "WH-7-a-page" "HTML with status 200"
        r#"{"version":"v1"}"# r#"{"status":200,"body":"<html>"}"# => "malformed";
    "WH-7-half-an-answer" "the connection broke off"
        r#"{"version":"v1"}"# r#"{"status":200,"body":"{\"kind\":"}"# => "malformed";
    "WH-6-a-group-that-is-a-number" "the error names the item"
        r#"{"version":"v1"}"#
        r#"{"status":201,"body":"{\"kind\":\"SelfSubjectReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"userInfo\":{\"groups\":[\"g\",7]}}}"}"#
        => "malformed status.userInfo.groups[1]";
    "WH-6-an-extra-that-is-a-text" "the values of an extra attribute are a list"
        r#"{"version":"v1"}"#
        r#"{"status":201,"body":"{\"kind\":\"SelfSubjectReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"userInfo\":{\"extra\":{\"k\":\"s3cret\"}}}}"}"#
        => "malformed status.userInfo.extra.k";
    "WH-6-null-is-absence" "null in every place, unknown fields, and an extra without values"
        r#"{"version":"v1"}"#
        r#"{"status":201,"body":"{\"new\":1,\"kind\":\"SelfSubjectReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"metadata\":null,\"status\":{\"userInfo\":{\"username\":null,\"groups\":null,\"extra\":{\"k\":null},\"new\":[]}}}"}"#
        => "object";
    "WH-1-an-answer-that-is-too-large" "one byte more than 1 MiB"
        r#"{"version":"v1"}"# r#"{"status":200,"body":{"repeat":" ","times":1048577}}"# => "too-large";
}
"create-token" {
    "TR-1-the-least-that-is-asked" "a request without wishes"
        r#"{"namespace":"prod","account":"web","object":{}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenRequest\",\"apiVersion\":\"authentication.k8s.io/v1\",\"metadata\":{\"name\":\"web\",\"namespace\":\"prod\",\"creationTimestamp\":\"2030-01-01T00:00:00Z\"},\"spec\":{\"audiences\":[\"api\"],\"expirationSeconds\":3600,\"boundObjectRef\":null},\"status\":{\"token\":\"ey\",\"expirationTimestamp\":\"2030-01-01T01:00:00Z\"}}"}"#
        => "object";
    "TR-7-all-that-can-be-asked" "audiences, seconds, a bound object, attestations"
        r#"{"namespace":"prod","account":"web","object":{"spec":{"audiences":["a","b,c"],"expirationSeconds":600,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"web-0","uid":"u"},"attestations":{"k":["v"]}}}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenRequest\",\"apiVersion\":\"authentication.k8s.io/v1\",\"spec\":{\"audiences\":[\"a\",\"b,c\"],\"expirationSeconds\":600,\"boundObjectRef\":{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"name\":\"web-0\",\"uid\":\"u\"}},\"status\":{\"token\":\"ey\",\"expirationTimestamp\":\"2030-01-01T00:10:00Z\"}}"}"#
        => "object";
    "TR-1-a-name-is-escaped-in-the-path" "as Go escapes a path segment"
        r#"{"namespace":"prod","account":"a b:c","object":{}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenRequest\",\"apiVersion\":\"authentication.k8s.io/v1\"}"}"# => "object";
    "TR-14-a-name-with-a-slash-is-refused" "nothing is sent"
        r#"{"namespace":"prod","account":"sa/x","object":{}}"# "null" => "invalid-name";
    "TR-14-a-name-with-a-percent-is-refused" "nothing is sent"
        r#"{"namespace":"prod","account":"sa%2fx","object":{}}"# "null" => "invalid-name";
    "TR-14-dots-are-no-name" "nothing is sent"
        r#"{"namespace":"..","account":"web","object":{}}"# "null" => "invalid-name";
    "TR-14-an-empty-name-is-refused" "nothing is sent"
        r#"{"namespace":"prod","account":"","object":{}}"# "null" => "invalid-name";
    "TR-15-an-account-that-is-missing" "the Status says it"
        r#"{"namespace":"prod","account":"none","object":{}}"#
        r#"{"status":404,"body":"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"NotFound\",\"message\":\"serviceaccounts \\\"none\\\" not found\",\"details\":{\"name\":\"none\",\"kind\":\"serviceaccounts\"},\"code\":404}"}"#
        => "status 404 NotFound";
    "TR-15-a-404-without-a-status-names-the-account" "client-go's words"
        r#"{"namespace":"prod","account":"web","object":{}}"# r#"{"status":404,"body":"404 page not found"}"# => "status 404 NotFound";
    "TR-15-a-409-is-a-conflict" "an empty body"
        r#"{"namespace":"prod","account":"web","object":{}}"# r#"{"status":409}"# => "status 409 AlreadyExists";
    "TR-15-a-422-names-its-causes" "the life is too short"
        r#"{"namespace":"prod","account":"web","object":{"spec":{"expirationSeconds":10}}}"#
        r#"{"status":422,"body":"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"Invalid\",\"message\":\"may not specify a duration less than 10 minutes\",\"details\":{\"causes\":[{\"reason\":\"FieldValueInvalid\",\"message\":\"m\",\"field\":\"spec.expirationSeconds\"}]},\"code\":422}"}"#
        => "status 422 Invalid";
    "TR-15-a-503-says-when" "Retry-After in the header"
        r#"{"namespace":"prod","account":"web","object":{}}"# r#"{"status":503,"retry-after":"7"}"# => "status 503 ServiceUnavailable";
    "TR-15-a-status-of-failure-with-200" "a failure, whatever the HTTP status says"
        r#"{"namespace":"prod","account":"web","object":{}}"#
        r#"{"status":200,"body":"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"Gone\",\"code\":410}"}"# => "status 410 Gone";
    "TR-4-the-answer-says-3607-though-the-token-lives-longer" "the life is the answer's; the token is not looked into"
        r#"{"namespace":"prod","account":"web","object":{"spec":{"expirationSeconds":3607,"boundObjectRef":{"kind":"Pod","apiVersion":"v1","name":"web-0"}}}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenRequest\",\"apiVersion\":\"authentication.k8s.io/v1\",\"spec\":{\"expirationSeconds\":3607},\"status\":{\"token\":\"eyJhbGciOiJub25lIn0.eyJleHAiOjE5MjQ5OTIwMDAsIndhcm5hZnRlciI6MTg5MzQ1OTYwN30.\",\"expirationTimestamp\":\"2030-01-01T01:00:07Z\"}}"}"#
        => "object";
    "TR-1-a-token-that-is-a-list" "the error names the field, and not its value"
        r#"{"namespace":"prod","account":"web","object":{}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenRequest\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"token\":[\"s3cret\"]}}"}"# => "malformed status.token";
    "TR-3-an-end-that-is-no-time" "RFC 3339 only"
        r#"{"namespace":"prod","account":"web","object":{}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenRequest\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"token\":\"s3cret\",\"expirationTimestamp\":\"soon\"}}"}"# => "malformed status.expirationTimestamp";
    "TR-3-half-a-second-granted" "seconds are whole numbers"
        r#"{"namespace":"prod","account":"web","object":{}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenRequest\",\"apiVersion\":\"authentication.k8s.io/v1\",\"spec\":{\"expirationSeconds\":0.5}}"}"# => "malformed spec.expirationSeconds";
}
"review-token" {
    "RV-6-token-and-audiences-are-posted" "and a good answer"
        r#"{"object":{"spec":{"token":"s3cret","audiences":["a","b"]}}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"authenticated\":true,\"audiences\":[\"b\"],\"user\":{\"username\":\"ann\",\"groups\":[\"g\"]}}}"}"# => "authenticated";
    "RV-10-other-audiences-are-a-refusal" "whatever `authenticated` says"
        r#"{"object":{"spec":{"token":"s3cret","audiences":["a"]}}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"authenticated\":true,\"audiences\":[\"b\"],\"user\":{\"username\":\"ann\"}}}"}"# => "unauthenticated";
    "RV-11-a-server-without-audiences" "has not said that the token is for ours"
        r#"{"object":{"spec":{"token":"s3cret","audiences":["a"]}}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"authenticated\":true,\"user\":{\"username\":\"ann\"}}}"}"# => "unauthenticated";
    "RV-11-implicit-audiences-stand-for-its" "if that was chosen"
        r#"{"object":{"spec":{"token":"s3cret","audiences":["a"]}},"implicit":["a"]}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"authenticated\":true,\"user\":{\"username\":\"ann\"}}}"}"# => "authenticated";
    "RV-11-without-audiences-none-are-checked" "the token is for the API server"
        r#"{"object":{"spec":{"token":"s3cret"}}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"authenticated\":true,\"audiences\":[\"x\"],\"user\":{\"username\":\"ann\"}}}"}"# => "authenticated";
    "RV-12-an-error-is-an-error" "not authenticated, with a text"
        r#"{"object":{"spec":{"token":"s3cret"}}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"error\":\"invalid bearer token\"}}"}"# => "error";
    "RV-12-no-text-is-a-refusal" "not authenticated, without one"
        r#"{"object":{"spec":{"token":"s3cret"}}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{}}"}"# => "unauthenticated";
    "RV-6-v1beta1-is-read-too" "webhooks still speak it"
        r#"{"object":{"spec":{"token":"s3cret"}}}"#
        r#"{"status":200,"body":"{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1beta1\",\"status\":{\"authenticated\":true,\"user\":{\"username\":\"ann\"}}}"}"# => "authenticated";
    "RV-14-a-refused-review" "an empty token is refused by the server, in its words"
        r#"{"object":{"spec":{}}}"#
        r#"{"status":400,"body":"{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\",\"reason\":\"BadRequest\",\"message\":\"token is required for TokenReview in authentication\",\"code\":400}"}"# => "status 400 BadRequest";
    "RV-9-a-caller-that-may-not-ask" "403, with a text"
        r#"{"object":{"spec":{"token":"s3cret"}}}"# r#"{"status":403,"body":"not you"}"# => "status 403 Forbidden";
    "RV-12-authenticated-is-a-boolean" "the text `true` is none"
        r#"{"object":{"spec":{"token":"s3cret"}}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"authenticated\":\"true\"}}"}"# => "malformed status.authenticated";
    "RV-13-a-user-that-is-a-text" "the error names the field"
        r#"{"object":{"spec":{"token":"s3cret"}}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"authenticated\":true,\"user\":\"s3cret\"}}"}"# => "malformed status.user";
    "RV-13-half-a-character-is-no-name" "a lone surrogate"
        r#"{"object":{"spec":{"token":"s3cret"}}}"#
        r#"{"status":201,"body":"{\"kind\":\"TokenReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"authenticated\":true,\"user\":{\"username\":\"\\ud800\"}}}"}"# => "malformed status.user.username";
}
"review-access" {
    "RV-24-access-to-a-resource" "user, groups, extra and the attributes are posted"
        r#"{"object":{"spec":{"user":"ann","uid":"7","groups":["g"],"extra":{"k":["v"]},"resourceAttributes":{"namespace":"prod","verb":"get","group":"apps","version":"v1","resource":"deployments","subresource":"scale","name":"web"}}}}"#
        r#"{"status":201,"body":"{\"kind\":\"SubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1\",\"status\":{\"allowed\":true,\"reason\":\"RBAC\"}}"}"# => "allowed";
    "RV-24-access-with-selectors" "by field and by label"
        r#"{"object":{"spec":{"user":"ann","resourceAttributes":{"verb":"list","resource":"pods","fieldSelector":{"rawSelector":"a=b"},"labelSelector":{"requirements":[{"key":"k","operator":"In","values":["v"]}]}}}}}"#
        r#"{"status":201,"body":"{\"kind\":\"SubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1\",\"status\":{\"allowed\":true}}"}"# => "allowed";
    "RV-24-access-to-a-path" "which is no resource"
        r#"{"object":{"spec":{"user":"ann","nonResourceAttributes":{"path":"/metrics","verb":"get"}}}}"#
        r#"{"status":200,"body":"{\"kind\":\"SubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1\",\"status\":{\"allowed\":true}}"}"# => "allowed";
    "RV-25-denied-wins" "allowed and denied together is denied"
        r#"{"object":{"spec":{"user":"ann","nonResourceAttributes":{"path":"/","verb":"get"}}}}"#
        r#"{"status":201,"body":"{\"kind\":\"SubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1\",\"status\":{\"allowed\":true,\"denied\":true}}"}"# => "not allowed";
    "RV-25-no-opinion-is-denied" "neither is denied"
        r#"{"object":{"spec":{"user":"ann","nonResourceAttributes":{"path":"/","verb":"get"}}}}"#
        r#"{"status":201,"body":"{\"kind\":\"SubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1\",\"status\":{\"allowed\":false,\"evaluationError\":\"half\"}}"}"# => "not allowed";
    "RV-25-allowed-is-a-boolean" "a number is none"
        r#"{"object":{"spec":{"user":"ann","nonResourceAttributes":{"path":"/","verb":"get"}}}}"#
        r#"{"status":201,"body":"{\"kind\":\"SubjectAccessReview\",\"apiVersion\":\"authorization.k8s.io/v1\",\"status\":{\"allowed\":1}}"}"# => "malformed status.allowed";
    "RV-24-an-answer-of-another-group" "authentication is not authorization"
        r#"{"object":{"spec":{"user":"ann","nonResourceAttributes":{"path":"/","verb":"get"}}}}"#
        r#"{"status":201,"body":"{\"kind\":\"SubjectAccessReview\",\"apiVersion\":\"authentication.k8s.io/v1\",\"status\":{\"allowed\":true}}"}"# => "wrong-kind";
    "RV-24-too-many-requests" "429, with Retry-After"
        r#"{"object":{"spec":{"user":"ann","nonResourceAttributes":{"path":"/","verb":"get"}}}}"#
        r#"{"status":429,"retry-after":"1"}"# => "status 429 TooManyRequests";
}
}
