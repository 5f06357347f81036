"""Fields of `extra` that are known: they neither change what is asked for nor what a request costs beyond its counts.

By the vendors' API references as of November 2026; servers of one's own and gateways take any of them. What a vendor
bills besides tokens (search, tools, stored caches), what adds samples, and what lifts the bound of a reply's length is
in none of these lists.
"""

from __future__ import annotations

_OPENAI = """
    reasoning_effort verbosity response_format logit_bias logprobs top_logprobs user safety_identifier
    prompt_cache_key prompt_cache_retention store metadata parallel_tool_calls
    reasoning text include truncation
"""
_ANTHROPIC = "thinking output_config output_format effort metadata"
_GOOGLE = "reasoning_effort response_format logprobs top_logprobs user google extra_body"
_VLLM = """
    ignore_eos min_tokens stop_token_ids skip_special_tokens spaces_between_special_tokens truncate_prompt_tokens
    include_stop_str_in_output length_penalty bad_words allowed_token_ids logits_processors prompt_logprobs
    guided_json guided_regex guided_choice guided_grammar guided_decoding_backend guided_whitespace_pattern
    structured_outputs structural_tag chat_template chat_template_kwargs add_generation_prompt
    continue_final_message add_special_tokens documents priority request_id return_tokens_as_token_ids
    return_token_ids return_token_offsets cache_salt kv_transfer_params vllm_xargs include_reasoning
    thinking_token_budget mm_processor_kwargs data_parallel_rank
"""
_SERVERS = """
    regex ebnf json_schema grammar format separate_reasoning stream_reasoning lora_path no_stop_trim custom_params
    custom_logit_processor rid return_hidden_states mirostat mirostat_tau mirostat_eta mirostat_target mirostat_lr
    typical_p tfs_z dynatemp_range dynatemp_exponent dry_multiplier dry_base dry_allowed_length dry_penalty_last_n
    dry_sequence_breakers xtc_probability xtc_threshold samplers cache_prompt id_slot n_probs min_keep repeat_penalty
    repeat_last_n n_keep reasoning_format reasoning_budget thinking_forced_open parse_tool_calls
    post_sampling_probs timings_per_token return_progress think keep_alive top_a top_n_sigma
    smoothing_factor smoothing_curve epsilon_cutoff eta_cutoff nvext
"""
"""SGLang, llama.cpp, Ollama, LM Studio, TGI, NVIDIA NIM."""
_VENDORS = """
    thinking thinking_budget enable_thinking preserve_thinking usage session_id user_id request_id do_sample partial
    include_reasoning reasoning_history return_reasoning safe_prompt prompt_mode result_format incremental_output
    context_length_exceeded_behavior prompt_truncate_len perf_metrics_in_response raw_output
    disable_search google extra_body
"""
"""OpenRouter, DeepSeek, Moonshot, z.ai, Alibaba, Mistral, Together, Fireworks, Groq, Perplexity, Google."""

_ANY = frozenset(f"{_OPENAI} {_ANTHROPIC} {_VLLM} {_SERVERS} {_VENDORS}".split())
KNOWN: dict[str, frozenset[str]] = {
    "openai": frozenset(_OPENAI.split()),
    "anthropic": frozenset(_ANTHROPIC.split()),
    "google": frozenset(_GOOGLE.split()),
    "vllm": _ANY,
    "openai-compatible": _ANY,
    "replay": _ANY,
}
"""By provider."""
ANY_VENDOR = _ANY
INSIDE: dict[str, frozenset[str]] = {
    "google": frozenset({"thinking_config", "safety_settings"}),
    "extra_body": frozenset({"google"}),
    "usage": frozenset({"include"}),
}
"""Fields that hold a vendor's own: what may stand in them."""
_SCHEMAS = """
    response_format text json_schema grammar format guided_json structured_outputs structural_tag output_config
    output_format chat_template_kwargs metadata custom_params documents
"""
SCHEMAS = frozenset(_SCHEMAS.split())
"""Fields that hold anything, whose names in it are the user's own."""
