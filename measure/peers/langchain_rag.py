"""LangChain's retrieval pipeline as its documentation shows it, with the citations that its guide to them recommends.

    pip install langchain==1.5.2 langchain-openai==1.7.4 langchain-text-splitters==1.1.3 numpy==2.4.6
    python langchain_rag.py '{"chat": ADDRESS, "embeddings": ADDRESS}'

From the RAG tutorial: RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True),
InMemoryVectorStore, similarity_search (its default of four). From "How to get a RAG application to add citations": the
system prompt, documents shown with a source id, and structured output of an answer with quotes of sources ("Cite
snippets"). Both models are reached by their OpenAI-compatible addresses.

A line in, a line out. In: {"question", "sources": [{"name", "text"}], "limit"}. Out: {"answer", "text" (as the model
wrote it), "quotes": [{"source", "quote"}], "tokens": [[text, log-probability]], "usage": {"input", "output",
"cached"}}.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

from langchain_core.documents import Document
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_openai import ChatOpenAI, OpenAIEmbeddings
from langchain_text_splitters import RecursiveCharacterTextSplitter
from pydantic import BaseModel, Field

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks" / "peers"))

from pipe import Job, serve

SYSTEM = (
    "You're a helpful AI assistant. Given a user question and some article snippets, answer the user question. If none "
    "of the articles answer the question, just say you don't know.\n\nHere are the articles: {context}"
)
_KEPT = 4  # indexes of the last few sets of sources: what is asked of one of them comes in a row


class Citation(BaseModel):
    source_id: int = Field(..., description="The integer ID of a SPECIFIC source which justifies the answer.")
    quote: str = Field(..., description="The VERBATIM quote from the specified source that justifies the answer.")


class QuotedAnswer(BaseModel):
    """Answer the user question based only on the given sources, and cite the sources used."""

    answer: str = Field(..., description="The answer to the user question, which is based only on the given sources.")
    citations: list[Citation] = Field(..., description="Citations from the given sources that justify the answer.")


class Pipeline:
    def __init__(self, asked: dict[str, Any]) -> None:
        self._chat = f"{asked['chat']}/v1"
        self._embeddings = OpenAIEmbeddings(
            model="all-minilm-l6-v2",
            base_url=f"{asked['embeddings']}/v1",
            api_key="none",
            check_embedding_ctx_length=False,  # else it sends the tokens of another model's vocabulary
        )
        self._splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200, add_start_index=True)
        self._stores: dict[str, InMemoryVectorStore] = {}
        self._prompt = ChatPromptTemplate.from_messages([("system", SYSTEM), ("human", "{question}")])

    def work(self, job: Job) -> dict[str, Any]:
        found = self._index(job["sources"]).similarity_search(job["question"])
        model = ChatOpenAI(
            model="local", base_url=self._chat, api_key="none", temperature=0, max_tokens=job["limit"], logprobs=True,
            timeout=3600, max_retries=0,
        )  # fmt: skip
        shown = "\n\n".join(_shown(number, each) for number, each in enumerate(found))
        chain = self._prompt | model.with_structured_output(QuotedAnswer, include_raw=True)
        made = chain.invoke({"context": shown, "question": job["question"]})
        return _told(made["raw"], made["parsed"], [each.metadata["name"] for each in found])

    def _index(self, sources: list[dict[str, str]]) -> InMemoryVectorStore:
        key = hashlib.sha256(json.dumps(sources).encode()).hexdigest()
        if key not in self._stores:
            documents = [Document(each["text"], metadata={"name": each["name"]}) for each in sources]
            store = InMemoryVectorStore(self._embeddings)
            store.add_documents(self._splitter.split_documents(documents))
            self._stores = dict([*self._stores.items(), (key, store)][-_KEPT:])
        return self._stores[key]


def _shown(number: int, document: Document) -> str:
    name = document.metadata["name"]
    return f"Source ID: {number}\nArticle Title: {name}\nArticle Snippet: {document.page_content}"


def _told(raw: Any, parsed: QuotedAnswer | None, names: list[str]) -> dict[str, Any]:
    """Where its answer does not parse (it was cut, say), the text is the answer, and nothing is cited."""
    text = raw.content if isinstance(raw.content, str) else json.dumps(raw.content)
    usage, quotes = raw.usage_metadata or {}, []
    for each in parsed.citations if parsed else []:
        name = names[each.source_id] if 0 <= each.source_id < len(names) else ""
        quotes.append({"source": name, "quote": each.quote})
    tokens = (raw.response_metadata.get("logprobs") or {}).get("content") or []
    return {
        "answer": parsed.answer if parsed else None,
        "text": text,
        "quotes": quotes,
        "tokens": [[each["token"], each["logprob"]] for each in tokens],
        "usage": {
            "input": usage.get("input_tokens", 0),
            "output": usage.get("output_tokens", 0),
            "cached": (usage.get("input_token_details") or {}).get("cache_read", 0),
        },
    }


if __name__ == "__main__":
    serve({"peer": "langchain"}, Pipeline(json.loads(sys.argv[1])).work)
